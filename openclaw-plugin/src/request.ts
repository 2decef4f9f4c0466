// Sends one request as the core has signed it, and returns its reply, decoded, in small pieces.
// One connection for each request; no redirect is followed, no proxy of the environment is asked,
// nothing is sent twice. It does not judge, sign, scrub or log.
import * as http from "node:http";
import * as https from "node:https";
import { getCACertificates } from "node:tls";
import { isIP } from "node:net";
import { codings, decode } from "./decode.ts";
import { originOf, pinned, type Origin, type Permit } from "./dial.ts";
import { explain, Fault } from "./fault.ts";
import { limits } from "./limits.ts";
import type { Send } from "./messages.ts";

const connectTimeout = 10_000; // ms, TLS handshake included
const maxHeader = 64 << 10; // bytes

// Only the sender frames the message and steers the connection (RFC 9110 section 7.6.1, RFC 9112
// section 6).
const computed = new RegExp(
  "^(?:connection|expect|http2-settings|keep-alive|proxy-authorization|proxy-connection" +
    "|te|trailer|transfer-encoding|upgrade)$",
);
// These are true only of the body as it came over the wire.
const describesBytes =
  /^(?:content-digest|content-encoding|content-length|content-md5|digest|repr-digest)$/;

/**
 * Takes the reply: head once, then the body in chunks of at most 64 KiB. False from chunk cuts the
 * body there.
 */
export interface Receiver {
  permit: Permit;
  /** The certificate authorities at path, whose content must have the digest, if one is given. */
  authority(path: string, digest: string | undefined): string;
  head(status: number, headers: [string, string][]): void;
  chunk(p: Buffer): void | Promise<boolean>;
}

/**
 * Sends s with body and delivers the reply; true if the reply was longer than s.maxBody, or was
 * cut. Errors: Fault, or the reason of signal.
 */
export async function sendRequest(
  s: Send,
  body: Buffer,
  to: Receiver,
  signal: AbortSignal,
): Promise<boolean> {
  const all = AbortSignal.any([signal, AbortSignal.timeout(s.timeoutMs)]);
  try {
    const reply = await until(all, dispatch(s, body, to, all));
    const truncated = await receive(reply, s, to, all);
    return truncated;
  } catch (err) {
    if (signal.aborted) throw signal.reason;
    if (all.aborted) throw new Fault("timeout", "no whole reply in the time allowed");
    throw explain(err, "the connection broke before a usable reply came");
  }
}

async function dispatch(
  s: Send,
  body: Buffer,
  to: Receiver,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  if (s.proxy)
    throw new Fault("unreachable", "the plugin knows no proxies: use remote mode for this service");
  const origin = originOf(s.url, s.target);
  const options: https.RequestOptions = {
    host: origin.host,
    port: origin.port,
    method: s.method,
    path: s.target,
    headers: headers(s, origin, body) as unknown as http.OutgoingHttpHeaders,
    setHost: false,
    lookup: await pinned(origin, to.permit),
    maxHeaderSize: maxHeader,
    insecureHTTPParser: false,
    signal,
  };
  const request = origin.secure
    ? https.request({
        ...options,
        ...tls(s, origin, to),
        agent: new https.Agent({ keepAlive: false }),
      })
    : http.request({ ...options, agent: new http.Agent({ keepAlive: false }) });
  return reply(request, body, origin);
}

function tls(s: Send, origin: Origin, to: Receiver): https.RequestOptions {
  const ca = s.caFile
    ? { ca: [...getCACertificates("default"), to.authority(s.caFile, s.caDigest)] }
    : {};
  // Set explicitly: NODE_TLS_REJECT_UNAUTHORIZED must not weaken what carries a credential.
  return {
    ...ca,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    servername: isIP(origin.host) ? "" : origin.host,
  };
}

/** The fields to send, in their order, as a flat list: then Node adds none but Connection. */
function headers(s: Send, origin: Origin, body: Buffer): string[] {
  const list: string[] = ["Host", origin.authority];
  const has = (name: string): boolean => s.headers.some(([n]) => n.toLowerCase() === name);
  for (const [name, value] of s.headers) {
    const lower = name.toLowerCase();
    if (computed.test(lower))
      throw new Fault("rejected", `header "${name}" is the sender's to write`);
    const own =
      lower === "host" ? origin.authority : lower === "content-length" ? String(body.length) : null;
    if (own !== null && own !== value)
      throw new Fault("rejected", `header "${name}" does not agree with the request`);
    // Node writes one byte for each character
    if (own === null) list.push(name, Buffer.from(value).toString("latin1"));
  }
  if (!has("user-agent")) list.push("User-Agent", "janee");
  // A piece out of a gzip stream cannot be decoded (RFC 9110 section 14.2).
  if (!has("accept-encoding"))
    list.push("Accept-Encoding", s.method === "HEAD" || has("range") ? "identity" : "gzip");
  if (body.length > 0 || !/^(?:GET|HEAD|OPTIONS|DELETE|TRACE)$/.test(s.method))
    list.push("Content-Length", String(body.length));
  return list;
}

function reply(
  request: http.ClientRequest,
  body: Buffer,
  origin: Origin,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", resolve);
    request.on("upgrade", (_reply, socket) => {
      socket.destroy();
      reject(new Fault("unscannable", "the server switched to another protocol"));
    });
    request.on("socket", (socket) => {
      const late = setTimeout(
        () => request.destroy(new Fault("timeout", "the connection took too long to make")),
        connectTimeout,
      );
      const stop = (): void => clearTimeout(late);
      socket.once(origin.secure ? "secureConnect" : "connect", stop).once("close", stop);
    });
    request.end(body);
  });
}

async function receive(
  reply: http.IncomingMessage,
  s: Send,
  to: Receiver,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const bodiless = s.method === "HEAD" || reply.statusCode === 204 || reply.statusCode === 304;
    const names = bodiless ? [] : codings((reply.headersDistinct["content-encoding"] ?? []));
    to.head(reply.statusCode ?? 0, fields(reply.rawHeaders, names.length > 0));
    if (bodiless) return false;
    let left = s.maxBody;
    for await (const chunk of decode(reply as AsyncIterable<Buffer>, names)) {
      signal.throwIfAborted();
      for (let at = 0; at < Math.min(chunk.length, left); at += limits.maxChunk) {
        const part = chunk.subarray(at, Math.min(at + limits.maxChunk, left));
        if (await to.chunk(part) === false) return true;
      }
      if ((left -= chunk.length) < 0) return true;
      await new Promise(setImmediate); // a long reply must not keep the gateway from its other work
    }
    return false;
  } finally {
    reply.destroy();
  }
}

// fields lists the head of a reply by name.
function fields(raw: string[], decoded: boolean): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    // Node reads one character for each byte
    const name = raw[i] ?? "", value = Buffer.from(raw[i + 1] ?? "", "latin1").toString();
    if (!decoded || !describesBytes.test(name.toLowerCase())) list.push([name, value]);
  }
  return list.sort(([a], [b]) =>
    a.toLowerCase() < b.toLowerCase() ? -1 : a.toLowerCase() > b.toLowerCase() ? 1 : 0,
  );
}

// until gives up when signal does: a name lookup cannot be cancelled.
function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
