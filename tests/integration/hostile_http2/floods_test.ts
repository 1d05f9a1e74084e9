import assert from "node:assert/strict";

import { concatBytes } from "signet/base/mod.ts";
import { encodeHeaderBlock } from "signet/http2/mod.ts";
import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import {
  CLIENT_START,
  data,
  frame,
  headers,
  REQUEST_FIELDS,
  settings,
  TYPE,
  uint32,
} from "../../support/http2_frames.ts";
import { announce, testWithPeers } from "../../support/peers.ts";
import { usageOf } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";

/** What an attacker that must be ended sends at most, and then waits for its end. */
const MAX_BYTES = 1 << 20;
const BATCH_FRAMES = 1_000;
/** All attackers together; one alone once took 500 MB with frames of one octet. */
const MAX_GROWTH_MB = 120;
const OTHER_FIELDS = REQUEST_FIELDS.filter(([name]) => name !== ":path" && name !== ":method");
const CREATE_CERTIFICATE = [
  ...REQUEST_FIELDS.filter(([name]) => name !== ":path"),
  [":path", "/istio.v1.auth.IstioCertificateService/CreateCertificate"] as const,
  ["content-type", "application/grpc"] as const,
];

/** What an attacker sends in one write, from the number of the write; `undefined` when it has done its worst. */
type Attack = (write: number) => Uint8Array | undefined;

function repeated(make: (n: number) => Uint8Array): Attack {
  return (write) =>
    concatBytes(Array.from({ length: BATCH_FRAMES }, (_, at) => make(write * BATCH_FRAMES + at)));
}

const CONTINUED = frame(TYPE.continuation, 0, 1, new Uint8Array(100));
/** Adds a field of 4,000 octets to the table, then names it as often as a frame has room. */
const BOMB = concatBytes([
  Uint8Array.of(0x40, 1, 0x61, 0x7f, 0xa1, 0x1e),
  new Uint8Array(4_000).fill(0x62),
  new Uint8Array(12_000).fill(0xbe),
]);
const STREAMS = 16;
const OCTETS_A_STREAM = 60_000;

/** Attackers that must be ended by the server. */
const ENDED: Readonly<Record<string, Attack>> = {
  "rapid reset": repeated((n) =>
    concatBytes([headers(2 * n + 1), frame(TYPE.rstStream, 0, 2 * n + 1, uint32(8))])
  ),
  "streams that are reset for their own fault": repeated((n) =>
    concatBytes([headers(2 * n + 1), frame(TYPE.windowUpdate, 0, 2 * n + 1, uint32(0))])
  ),
  "CONTINUATION without end": (write) =>
    write === 0
      ? frame(TYPE.headers, 0, 1, encodeHeaderBlock(REQUEST_FIELDS))
      : concatBytes(Array.from({ length: BATCH_FRAMES }, () => CONTINUED)),
  "SETTINGS": repeated((n) => settings([4, 1_000 + n % 2])),
  "PING": repeated(() => frame(TYPE.ping, 0, 0, new Uint8Array(8))),
  "empty DATA": (write) =>
    write === 0
      ? headers(1, CREATE_CERTIFICATE)
      : concatBytes(Array.from({ length: BATCH_FRAMES }, () => data(1, []))),
  "PRIORITY": repeated((n) => frame(TYPE.priority, 0, 2 * n + 1, new Uint8Array(5))),
};

/** Attackers that keep within the protocol: they may go on, at no great cost. */
const BOUNDED: Readonly<Record<string, Attack>> = {
  "bodies in frames of one octet": (write) => {
    const id = 2 * (write % STREAMS) + 1;
    const frames = Array.from({ length: BATCH_FRAMES }, () => data(id, [1]));
    if (write >= STREAMS * OCTETS_A_STREAM / BATCH_FRAMES) return undefined;
    return write < STREAMS
      ? concatBytes([headers(id, CREATE_CERTIFICATE), ...frames])
      : concatBytes(frames);
  },
  "header bombs": (write) => write >= 300 ? undefined : frame(TYPE.headers, 5, 2 * write + 1, BOMB),
  "a window of nothing, and a thousand answers": (write) => {
    if (write === 0) return settings([4, 0]);
    if (write > 1) return undefined;
    const fields = [[":method", "GET"], [":path", "/root-cert.pem"], ...OTHER_FIELDS] as const;
    return concatBytes(Array.from({ length: 1_000 }, (_, n) => headers(2 * n + 1, fields, true)));
  },
};

async function connect(server: SignetServer): Promise<Deno.TlsConn> {
  return await Deno.connectTls({
    hostname: "localhost",
    port: server.ports.secureGrpc,
    caCerts: [await Deno.readTextFile(server.rootFile)],
    alpnProtocols: ["h2"],
  });
}

/** Sends until the server ends it, or the attacker is done. */
async function attack(
  server: SignetServer,
  next: Attack,
  maxBytes: number,
): Promise<"ended" | "done"> {
  const connection = await connect(server);
  let isEnded = false;
  const reading = (async () => {
    try {
      while (await connection.read(new Uint8Array(65_536)) !== null);
    } catch {
      // A reset is an end too.
    }
    isEnded = true;
  })();
  try {
    await connection.write(CLIENT_START);
    let sent = 0;
    for (let write = 0; !isEnded && sent < maxBytes; write++) {
      const bytes = next(write);
      if (bytes === undefined) return "done";
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
      sent += bytes.length;
    }
    await reading;
    return "ended";
  } catch {
    return "ended";
  } finally {
    connection.close();
    await reading;
  }
}

testWithPeers(
  "clients that flood or hold back are ended at their bound, memory stays level, and the next one is served",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    const issue = async () =>
      (await caclient<Issued>(peers.caclient, ["issue", ...flags, "-deadline", "20s"])).code;
    assert.equal(await issue(), "OK");
    const residentMb = async () => (await usageOf(server.pid)).residentBytes / 1e6;
    const before = await residentMb();
    for (const [name, next] of [...Object.entries(ENDED), ...Object.entries(BOUNDED)]) {
      await t.step(name, async () => {
        const isEnded = name in ENDED;
        const verdict = await attack(server, next, isEnded ? MAX_BYTES : Infinity);
        assert.equal(verdict, isEnded ? "ended" : "done");
        assert.equal(await issue(), "OK");
      });
    }
    const grown = await residentMb() - before;
    announce(`hostile HTTP/2: ${grown.toFixed(0)} MB more after all attackers`);
    assert.ok(grown < MAX_GROWTH_MB, `${grown} MB`);
  },
);
/** What a client that never reads sends: more than a server that goes on reading could hide. */
const MAX_ASKED_BYTES = 150 << 20;
const MAX_UNREAD_GROWTH_MB = 80;

testWithPeers(
  "a client that asks and never reads is not read either, and others are served",
  ["caclient"],
  async (_t, peers) => {
    // What the client asked for last is in its own way: it answers no ping, and is hung up on.
    const keepalive = ["--keepaliveInterval", "5s", "--keepaliveTimeout", "2s"];
    await using server = await startSignet({ args: keepalive });
    const flags = tlsFlags(server, await issueIdentity(server));
    const residentMb = async () => (await usageOf(server.pid)).residentBytes / 1e6;
    const before = await residentMb();
    const fields = [[":method", "GET"], [":path", "/root-cert.pem"], ...OTHER_FIELDS] as const;
    const ask = repeated((n) => headers(2 * n + 1, fields, true));
    const connection = await connect(server);
    // Windows as wide as they go, so that nothing but the socket holds answers back.
    await connection.write(CLIENT_START);
    await connection.write(frame(TYPE.windowUpdate, 0, 0, uint32(0x7fff0000)));
    let sent = 0;
    const asking = (async () => {
      for (let write = 0; sent < MAX_ASKED_BYTES; write++) {
        const bytes = ask(write)!;
        for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
        sent += bytes.length;
      }
    })().catch(() => {});
    let last: number;
    do {
      last = sent;
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
      assert.equal(issued.code, "OK", issued.message);
    } while (sent !== last);
    const grown = await residentMb() - before;
    announce(`a client that never reads sent ${last >> 20} MiB: ${grown.toFixed(0)} MB more`);
    assert.ok(grown < MAX_UNREAD_GROWTH_MB, `${grown} MB`);
    connection.close();
    await asking;
  },
);
