// The sender, against servers that misbehave; what is on the wire is compared byte for byte.
import assert from "node:assert/strict";
import { createServer as createHttp, type RequestListener, type Server } from "node:http";
import { createServer, isIP, type AddressInfo, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { authority } from "../src/authority.ts";
import { originOf, pinned } from "../src/dial.ts";
import { sendRequest } from "../src/request.ts";
import { Fault } from "../src/fault.ts";
import { Guard } from "../src/guard.ts";
import type { Send } from "../src/messages.ts";

interface Got {
  status: number;
  headers: [string, string][];
  body: Buffer;
  truncated: boolean;
  chunks: number[];
}

async function send(
  base: string,
  target: string,
  more: Partial<Send> = {},
  body = Buffer.alloc(0),
  permit = true,
): Promise<Got> {
  const got: Got = { status: 0, headers: [], body: Buffer.alloc(0), truncated: false, chunks: [] };
  const parts: Buffer[] = [];
  const s: Send = {
    type: "send",
    service: "s",
    method: "GET",
    url: base + target,
    target,
    headers: [],
    timeoutMs: 5000,
    maxBody: 1 << 20,
    watch: [],
    ...more,
  };
  got.truncated = await sendRequest(
    s,
    body,
    {
      permit: () => ({ class: "loopback", permit }),
      authority: (path, digest) => authority(new Guard(false), path, digest),
      head: (status, headers) => {
        got.status = status;
        got.headers = headers;
      },
      chunk: (p) => {
        got.chunks.push(p.length);
        parts.push(p);
      },
    },
    new AbortController().signal,
  );
  got.body = Buffer.concat(parts);
  return got;
}

async function listening(
  t: TestContext,
  server: Server | ReturnType<typeof createServer>,
): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (t: TestContext, listener: RequestListener): Promise<string> =>
  listening(t, createHttp(listener));

/** A server that keeps what it was sent, and answers each connection with reply. */
async function raw(t: TestContext, reply: string): Promise<{ base: string; sent: () => string }> {
  let sent = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (part) => {
      sent += part.toString("latin1");
      if (sent.includes("\r\n\r\n")) socket.end(reply);
    });
  });
  t.after(() => { for (const s of sockets) s.destroy(); });
  return { base: await listening(t, server), sent: () => sent };
}

const ends =
  (ending: string, detail?: RegExp) =>
  (err: unknown): boolean =>
    err instanceof Fault && err.ending === ending && (!detail || detail.test(err.message));

interface Case { id: string; sent?: string; want: string }

test("the judged bytes are on the wire, for each case of policy_bypass.json sent", async (t) => {
  const dir =
    process.env["JANEE_VECTORS"] ??
    new URL("../../core/testdata/vectors", import.meta.url).pathname;
  const { cases } = JSON.parse(readFileSync(`${dir}/policy_bypass.json`, "utf8")) as {
    cases: Case[];
  };
  let n = 0;
  for (const { id, sent } of cases) {
    if (!sent) continue;
    n++;
    const server = await raw(t, "HTTP/1.1 204 No Content\r\n\r\n");
    await send(server.base, sent);
    assert.equal(server.sent().split("\r\n")[0], `GET ${sent} HTTP/1.1`, id);
  }
  t.diagnostic(`${n} cases`);
  if (!process.env["JANEE_VECTORS"]) assert.ok(n >= 20, `${n} cases`);
});

test("fields and body are sent as given, with the framing of the sender", async (t) => {
  const server = await raw(t, "HTTP/1.1 204 No Content\r\n\r\n");
  await send(
    server.base,
    "/v1?a=%20[]",
    {
      method: "POST",
      headers: [
        ["X-One", "grün"],
        ["x-one", "2"],
      ],
    },
    Buffer.from("abc"),
  );
  const authority = server.base.slice("http://".length);
  assert.equal(
    server.sent(),
    Buffer.from(
      `POST /v1?a=%20[] HTTP/1.1\r\nHost: ${authority}\r\nX-One: grün\r\nx-one: 2\r\n` +
        "User-Agent: janee\r\nAccept-Encoding: gzip\r\nContent-Length: 3\r\n" +
        "Connection: close\r\n\r\nabc",
    ).toString("latin1"),
  );
});

for (const [url, target] of [
  ["http://a/b", "/c"],
  ["http://u:p@a/b", "/b"],
  ["ftp://a/b", "/b"],
  ["http://a/x/b", "/b"],
  ["http://a?/b", "/b"],
  ["http://a/b", "b"],
  ["http://a\\@b/b", "/b"],
] as const) {
  test(`not sent: ${url} as ${target}`, () =>
    assert.throws(() => originOf(url, target), ends("rejected")));
}

for (const [name, value] of [
  ["Transfer-Encoding", "chunked"],
  ["Connection", "x"],
  ["Host", "evil"],
  ["Content-Length", "9"],
  ["Proxy-Authorization", "x"],
] as const) {
  test(`not sent: ${name} of a signer`, async (t) => {
    const base = await serve(t, (_req, res) => { res.end(); });
    await assert.rejects(send(base, "/", { headers: [[name, value]] }), ends("rejected"));
  });
}

test("an address that is not permitted is not dialled, by name or as it is", async (t) => {
  let dialled = 0;
  const base = await listening(
    t,
    createServer((socket) => {
      dialled++;
      socket.destroy();
    }),
  );
  for (const b of [base, base.replace("127.0.0.1", "localhost")])
    await assert.rejects(
      send(b, "/", {}, Buffer.alloc(0), false),
      ends("blocked", /address class loopback/),
    );
  assert.equal(dialled, 0);
});

test("of several addresses only the permitted are dialled, and none that comes later", async () => {
  const seen: string[] = [];
  const lookup = await pinned(originOf("http://localhost:80/", "/"), (addr) => {
    seen.push(addr);
    return { class: "loopback", permit: addr === "127.0.0.1" };
  });
  const given = await new Promise((done, fail) =>
    lookup("elsewhere.example", { all: true }, (err, addresses) =>
      err ? fail(err) : done(addresses),
    ),
  );
  assert.deepEqual(given, [{ address: "127.0.0.1", family: 4 }]);
  assert.ok(seen.length > 0);
});

for (const host of ["2130706433", "0177.0.0.1", "0x7f.1", "127.1"]) {
  test(`${host} is what it resolves to, and judged as that`, async () => {
    const judged: string[] = [];
    await assert.rejects(
      pinned(originOf(`http://${host}:80/`, "/"), (addr) => {
        judged.push(addr);
        return { class: "loopback", permit: false };
      }),
    );
    assert.ok(
      judged.every((addr) => isIP(addr)),
      judged.join(),
    );
  });
}

for (const url of [
  "http://[::1%lo]/",
  "http://[fe80::1%25eth0]/",
  "http://user@localhost/",
  "http://LOCALHOST/",
  "http://bücher.example/",
  "http://127。0。0。1/",
  "http://a%2eb/",
  "http://a:0x50/",
]) {
  test(`no origin of ours: ${url}`, () =>
    assert.throws(() => originOf(url, "/"), ends("rejected")));
}

test("early hints, trailers and the status text reach nobody", async (t) => {
  const server = await raw(
    t,
    "HTTP/1.1 103 Early Hints\r\nLink: </hint>\r\n\r\n" +
      "HTTP/1.1 200 hint\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n" +
      "2\r\nab\r\n0\r\nX-T: hint\r\n\r\n",
  );
  const got = await send(server.base, "/");
  assert.equal(got.body.toString(), "ab");
  assert.ok(!JSON.stringify(got.headers).includes("hint"));
});

test("the proxy of the environment is not asked, and redirects are not followed", async (t) => {
  const server = await raw(
    t,
    "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
  );
  process.env["HTTP_PROXY"] =
    process.env["http_proxy"] =
    process.env["ALL_PROXY"] =
      "http://127.0.0.1:1";
  process.env["NODE_USE_ENV_PROXY"] = "1";
  t.after(() => {
    for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "NODE_USE_ENV_PROXY"])
      delete process.env[name];
  });
  assert.equal((await send(server.base, "/")).status, 302);
});

const text = Buffer.from("a secret may stand here. ".repeat(9000));
for (const [coding, bytes] of [
  ["gzip", gzipSync(text)],
  ["x-gzip", gzipSync(text)],
  ["deflate", deflateSync(text)],
  ["deflate", deflateRawSync(text)],
  ["br", brotliCompressSync(text)],
  ["zstd", zstdCompressSync(text)],
  ["gzip, br", brotliCompressSync(gzipSync(text))],
  ["identity", text],
] as const) {
  test(`decoded: ${coding}`, async (t) => {
    const base = await serve(t, (_req, res) => {
      res.setHeader("Content-Encoding", coding);
      res.end(bytes);
    });
    const got = await send(base, "/");
    assert.ok(got.body.equals(text));
    assert.ok(Math.max(...got.chunks) <= 64 << 10);
    assert.equal(got.headers.some(([name]) => name === "Content-Encoding"), coding === "identity");
  });
}

interface Coded {
  id: string;
  header: string[];
  body_b64: string;
  want: "text" | "empty" | "unscannable";
  plugin?: "unscannable";
}

// The list that package upstream of the Go side is held to as well.
const coded = JSON.parse(
  readFileSync(new URL("../../core/testdata/codings.json", import.meta.url), "utf8"),
) as { text: string; cases: Coded[] };
for (const { id, header, body_b64, want, plugin } of coded.cases) {
  test(`content coding: ${id}`, async (t) => {
    const body = Buffer.from(body_b64, "base64");
    const base = await listening(
      t,
      createServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => {
          socket.write(
            `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n` +
              `${header.map((v) => `Content-Encoding: ${v}\r\n`).join("")}\r\n`,
          );
          socket.end(body);
        });
      }),
    );
    const reply = send(base, "/", { maxBody: 2 ** 40 });
    if ((plugin ?? want) === "unscannable") return assert.rejects(reply, ends("unscannable"));
    assert.equal((await reply).body.toString(), want === "text" ? coded.text : "");
  });
}

test("a coding without a body is an empty body", async (t) => {
  const base = await serve(t, (_req, res) => {
    res.setHeader("Content-Encoding", "gzip");
    res.end();
  });
  assert.equal((await send(base, "/")).body.length, 0);
});

for (const [what, coding, bytes, detail] of [
  ["an unknown coding", "aes128gcm", text, /unknown/],
  ["three codings", "gzip, gzip, gzip", text, /twice/],
  ["damaged data", "gzip", text, /does not decode/],
  ["data that is cut", "gzip", gzipSync(text).subarray(0, -9), /does not decode/],
  ["a bomb", "gzip", gzipSync(Buffer.alloc(64 << 20)), /far more/],
] as const) {
  test(`withheld: ${what}`, async (t) => {
    const base = await serve(t, (_req, res) => {
      res.setHeader("Content-Encoding", coding);
      res.end(bytes);
    });
    await assert.rejects(send(base, "/", { maxBody: 1 << 30 }), ends("unscannable", detail));
  });
}

test("a reply longer than wanted is cut", async (t) => {
  const base = await serve(t, (_req, res) => { res.end(text); });
  const got = await send(base, "/", { maxBody: 100_000 });
  assert.deepEqual([got.truncated, got.body.length], [true, 100_000]);
});

test("a HEAD and a 304 have no body", async (t) => {
  const base = await serve(t, (_req, res) => {
    res.setHeader("Content-Encoding", "gzip");
    res.end();
  });
  assert.equal((await send(base, "/", { method: "HEAD" })).status, 200);
  const server = await raw(t, "HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n");
  assert.equal((await send(server.base, "/")).status, 304);
});

test("time runs out, also after the head", async (t) => {
  const base = await serve(t, (_req, res) => { res.write("a"); });
  await assert.rejects(send(base, "/", { timeoutMs: 150 }), ends("timeout"));
  const mute = await listening(t, createServer((socket) => { t.after(() => socket.destroy()); }));
  await assert.rejects(send(mute, "/", { timeoutMs: 150 }), ends("timeout"));
});

for (const [what, reply, ending] of [
  ["no HTTP", "hello\r\n\r\n", "unreachable"],
  ["a body that breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "unreachable"],
  [
    "a switch of protocols",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "unscannable",
  ],
  [
    "a header without end",
    `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(80 << 10)}\r\n\r\n`,
    "unreachable",
  ],
] as const) {
  test(`not a reply: ${what}`, async (t) => {
    const server = await raw(t, reply);
    await assert.rejects(send(server.base, "/"), ends(ending));
  });
}

test("nobody listens", async () => {
  await assert.rejects(send("http://127.0.0.1:1", "/"), ends("unreachable", /connection refused/));
});
