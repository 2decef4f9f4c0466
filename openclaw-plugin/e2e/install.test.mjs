// The plugin by its name, from an npm registry on loopback that has only Janee's packages: OpenClaw
// finds it, installs it and loads it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Registry } from "../../testscripts/npm/registry.mjs";
import { manifest } from "../../testscripts/npm/tarball.mjs";
import { Gateway, packs, tarball } from "./gateway.ts";

const dir = mkdtempSync(join(tmpdir(), "janee-install-"));
const gateway = new Gateway(dir), registry = new Registry();
const name = "@true-and-useful/janee-openclaw";
const limit = { timeout: 180_000 };

before(async () => {
  await registry.start(packs);
  writeFileSync(join(dir, "person", ".npmrc"), `registry=${registry.url}\nupdate-notifier=false\n`);
});
after(() => {
  registry.stop();
  rmSync(dir, { recursive: true, force: true });
});

test("openclaw plugins install NAME", limit, async () => {
  // a version of no tag is a prerelease, which OpenClaw wants to be named
  const { version } = manifest(tarball);
  const wanted = version.includes("-") ? `${name}@${version}` : name;
  await gateway.cli("plugins", "install", wanted, "--force", "--accept-capabilities");
  assert.ok(registry.asked.some((line) => /^GET \/-\/.*-janee-openclaw-/.test(line)));
  const inspected = await gateway.cli("plugins", "inspect", "janee", "--runtime");
  assert.match(inspected, /Status: *loaded/i);
  assert.match(inspected, /janee_execute/);
});
