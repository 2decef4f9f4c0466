// Reads the tarball of a package: USTAR without links, as a release writes it.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** The entries in order: { name, type, mode, data }. */
export function entries(file) {
  const tar = gunzipSync(readFileSync(file));
  const list = [];
  for (let at = 0; tar[at]; ) {
    const text = (from, to) => tar.toString('utf8', at + from, at + to).split('\0')[0];
    const size = parseInt(text(124, 136), 8);
    const data = tar.subarray(at + 512, at + 512 + size);
    const name = text(0, 100), mode = parseInt(text(100, 108), 8) & 0o777;
    list.push({ name, type: text(156, 157), mode, data });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return list;
}

/** The package.json of the package. */
export function manifest(file) {
  return JSON.parse(entries(file).find((e) => e.name === 'package/package.json').data);
}
