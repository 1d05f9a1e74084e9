/** Our client and our server talking to each other: whatever is sent arrives whole, in order, through any windows. */
import assert from "node:assert/strict";

import fc from "fast-check";
import {
  createHttp2Connection,
  DEFAULT_LIMITS,
  type Http2Connection,
  type Http2Handler,
} from "signet/http2/mod.ts";
import { concatBytes } from "signet/base/mod.ts";

const SILENT: Http2Handler = {
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onReset: (id, code) => assert.fail(`stream ${id} was reset: ${code}`),
  onWritable() {},
  onStreamClosed() {},
  onGoaway() {},
  onPong() {},
  onConnectionError: (_, message) => assert.fail(message),
};

interface Exchange {
  readonly bodies: readonly (readonly number[])[];
  readonly chunkBytes: number;
  readonly streamWindowBytes: number;
}

/** Sends each body on its own stream; the server sends back what it got, with a trailer. Both read only what they consume. */
function echo({ bodies, chunkBytes, streamWindowBytes }: Exchange): string[] {
  const limits = { ...DEFAULT_LIMITS, streamWindowBytes, connectionWindowBytes: 65_535 };
  const received = new Map<number, Uint8Array[]>();
  const done: string[] = [];
  const server: Http2Connection = createHttp2Connection({
    role: "server",
    limits,
    handler: {
      ...SILENT,
      onHeaders: (id, _, end) => {
        server.sendHeaders(id, [[":status", "200"]], false);
        if (end) server.sendEnd(id, [["x-end", "1"]]);
      },
      onData: (id, bytes, end) => {
        server.sendData(id, bytes.slice());
        server.consume(id, bytes.length);
        if (end) server.sendEnd(id, [["x-end", "1"]]);
      },
    },
  });
  const client: Http2Connection = createHttp2Connection({
    role: "client",
    limits,
    handler: {
      ...SILENT,
      onData: (id, bytes) => {
        received.get(id)?.push(bytes.slice());
        client.consume(id, bytes.length);
      },
      onTrailers: (id, block) => void done.push(`${id} ${block.get("x-end")}`),
    },
  });
  const carry = () => {
    for (let more = true; more;) {
      more = false;
      for (const [from, to] of [[client, server], [server, client]] as const) {
        const bytes = from.takeOutput();
        if (bytes === undefined) continue;
        more = true;
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          to.receive(bytes.slice(at, at + chunkBytes), 0);
        }
      }
    }
  };
  carry();
  const ids = bodies.map((sizes) => {
    const id = client.openStream(
      [[":method", "POST"], [":scheme", "https"], [":path", "/"]],
      false,
    );
    received.set(id, []);
    sizes.forEach((size, n) => client.sendData(id, new Uint8Array(size).fill(id + n)));
    client.sendEnd(id);
    return id;
  });
  carry();
  bodies.forEach((sizes, n) => {
    const id = ids[n]!;
    const expected = concatBytes(sizes.map((size, piece) => new Uint8Array(size).fill(id + piece)));
    assert.deepEqual(concatBytes(received.get(id) ?? []), expected);
  });
  assert.deepEqual(
    [client.openStreams, server.openStreams, client.queuedBytes, server.queuedBytes],
    [0, 0, 0, 0],
  );
  return done;
}

Deno.test("a client and a server carry bodies of any size through windows of any size", () => {
  const sizes = fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 16_380, max: 16_390 }),
    fc.constant(70_000),
  );
  fc.assert(
    fc.property(
      fc.record({
        bodies: fc.array(fc.array(sizes, { minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 4,
        }),
        chunkBytes: fc.constantFrom(50, 1_000, 16_393, 1_000_000),
        streamWindowBytes: fc.constantFrom(1_000, 16_384, 65_535, 262_144),
      }),
      (exchange) => assert.equal(echo(exchange).length, exchange.bodies.length),
    ),
    { numRuns: 60 },
  );
});

Deno.test("a client and a server carry 1,000 streams at once", () => {
  const bodies = Array.from({ length: 1_000 }, () => [100]);
  assert.equal(echo({ bodies, chunkBytes: 16_384, streamWindowBytes: 65_535 }).length, 1_000);
});
