import assert from "node:assert/strict";

import { concatBytes } from "signet/base/mod.ts";
import { DEFAULT_LIMITS } from "signet/http2/mod.ts";
import type { ServerStream } from "signet/transport/mod.ts";
import { ServerConnection } from "../../../lib/transport/server_connection.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import {
  CLIENT_START,
  data,
  frame,
  framesOf,
  headers,
  REQUEST_FIELDS,
  TYPE,
  uint32,
} from "../../support/http2_frames.ts";

const KEEPALIVE = { intervalMs: 30_000, timeoutMs: 10_000, maxConnectionAgeMs: undefined };

/** A connection whose other end is the test. */
function connect(
  onStream: (stream: ServerStream<undefined>) => void,
  keepalive: { readonly maxConnectionAgeMs: number | undefined } = KEEPALIVE,
) {
  const clock = createFakeClock(0);
  const wire = {
    written: [] as Uint8Array[],
    reading: true,
    ended: false,
    destroyed: false,
    takes: true,
  };
  const errors: string[] = [];
  const connection = new ServerConnection<undefined>({
    write: (bytes) => {
      wire.written.push(bytes);
      return wire.takes;
    },
    setReading: (reading) => void (wire.reading = reading),
    end: () => void (wire.ended = true),
    destroy: () => void (wire.destroyed = true),
  }, {
    facts: { remoteAddress: "192.0.2.1:1", peer: undefined },
    limits: DEFAULT_LIMITS,
    keepalive: { ...KEEPALIVE, ...keepalive },
    clock,
    onStream,
    onError: (code) => void errors.push(code),
  });
  connection.receive(CLIENT_START);
  const sent = () => wire.written.splice(0).flatMap((bytes) => framesOf(bytes));
  sent();
  return { clock, wire, errors, connection, sent };
}

Deno.test("octets that a handler never read are given back to the connection when it has answered", async () => {
  const { connection, errors } = connect((stream) => {
    setTimeout(() => stream.respond([[":status", "200"], ["grpc-status", "8"]], true), 0);
  });
  // Ten times the connection's window.
  for (let id = 1; id <= 101; id += 2) {
    connection.receive(headers(id));
    for (let n = 0; n < 13; n++) connection.receive(data(id, new Uint8Array(16_000)));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(errors, []);
  assert.equal(connection.openStreams, 0);
});

Deno.test("octets of a request that was reset are given back to the connection", () => {
  const { connection, errors } = connect((stream) => stream.collect(65_536, () => {}));
  for (let id = 1; id <= 401; id += 2) {
    connection.receive(headers(id));
    for (let n = 0; n < 3; n++) connection.receive(data(id, new Uint8Array(16_000)));
    connection.receive(frame(TYPE.rstStream, 0, id, uint32(8)));
  }
  assert.deepEqual(errors, []);
});

Deno.test("a body is read in order, and its end is the end", async () => {
  const bodies: string[] = [];
  let read: Promise<void> | undefined;
  const { connection } = connect((stream) => {
    read = (async () => {
      for await (const chunk of stream.body) bodies.push(new TextDecoder().decode(chunk));
      bodies.push("end");
    })();
  });
  connection.receive(headers(1));
  connection.receive(data(1, new TextEncoder().encode("a")));
  connection.receive(data(1, new TextEncoder().encode("b"), true));
  await read;
  assert.deepEqual(bodies, ["ab", "end"]);
});

Deno.test("a reset stream fails its reader and aborts its signal with http2.stream_error", async () => {
  let failed: Promise<unknown> | undefined;
  let signal: AbortSignal | undefined;
  const { connection } = connect((stream) => {
    signal = stream.signal;
    failed = (async () => {
      for await (const _ of stream.body);
    })().catch((thrown) => thrown.code);
  });
  connection.receive(headers(1));
  connection.receive(frame(TYPE.rstStream, 0, 1, uint32(8)));
  assert.equal(await failed, "http2.stream_error");
  assert.equal(signal?.aborted, true);
});

Deno.test("nothing more is read from a peer while the wire takes nothing", () => {
  const { connection, wire } = connect((stream) => stream.respond([[":status", "204"]], true));
  wire.takes = false;
  connection.receive(headers(1, REQUEST_FIELDS, true));
  assert.equal(wire.reading, false);
  connection.drained();
  assert.equal(wire.reading, true);
});

Deno.test("a silent peer is pinged, and cut off when it does not answer", () => {
  const { connection, wire, sent } = connect(() => {});
  connection.tick(29_999);
  assert.deepEqual(sent(), []);
  connection.tick(30_000);
  assert.deepEqual(sent().map(({ type }) => type), [TYPE.ping]);
  connection.tick(39_999);
  assert.equal(wire.destroyed, false);
  connection.tick(40_000);
  assert.equal(wire.destroyed, true);
});

Deno.test("an answered ping starts the silence anew", async () => {
  const { connection, wire, clock } = connect(() => {});
  await clock.advance(30_000);
  connection.tick(30_000);
  await clock.advance(5_000);
  connection.receive(frame(TYPE.ping, 1, 0, new Uint8Array(8)));
  connection.tick(45_000);
  assert.equal(wire.destroyed, false);
});

Deno.test("a connection past its age says GOAWAY twice and ends when its streams have", async () => {
  const streams: ServerStream<undefined>[] = [];
  const { connection, wire, sent } = connect((stream) => void streams.push(stream), {
    maxConnectionAgeMs: 60_000,
  });
  connection.receive(headers(1, REQUEST_FIELDS, true));
  connection.receive(frame(TYPE.ping, 0, 0, new Uint8Array(8)));
  sent();
  connection.tick(60_000);
  assert.deepEqual(sent().map(({ type }) => type), [TYPE.goaway, TYPE.ping]);
  connection.receive(frame(TYPE.ping, 1, 0, new Uint8Array(8)));
  assert.deepEqual(sent().map(({ type, payload }) => [type, payload[3]]), [[TYPE.goaway, 1]]);
  assert.equal(wire.ended, false);
  streams[0]?.respond([[":status", "204"]], true);
  await Promise.resolve();
  assert.equal(wire.ended, true);
});

Deno.test("a lost connection fails all of its streams", () => {
  const signals: AbortSignal[] = [];
  const { connection } = connect((stream) => void signals.push(stream.signal));
  connection.receive(headers(1));
  connection.receive(headers(3));
  connection.lost();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true]);
});

Deno.test("a body in frames of one octet each is kept in few pieces, and read whole and in order", async () => {
  let stream: ServerStream<undefined> | undefined;
  const { connection, errors } = connect((begun) => void (stream = begun));
  const octets = 200_000;
  connection.receive(headers(1));
  for (let at = 0; at < octets; at += 1_000) {
    const frames = Array.from({ length: 1_000 }, (_, n) => data(1, [(at + n) % 251]));
    connection.receive(concatBytes(frames));
  }
  connection.receive(data(1, [], true));
  let pieces = 0;
  let at = 0;
  for await (const piece of stream!.body) {
    pieces++;
    assert.ok(piece.every((octet, n) => octet === (at + n) % 251));
    at += piece.length;
  }
  assert.equal(at, octets);
  assert.ok(pieces <= 2 * Math.ceil(octets / 16_384), `${pieces} pieces`);
  assert.deepEqual(errors, []);
});

Deno.test("a body is collected whole, whatever it was cut into", () => {
  const bodies: Uint8Array[] = [];
  const { connection } = connect((stream) =>
    stream.collect(65_536, (body) => void bodies.push(body.slice()))
  );
  const wanted = Uint8Array.from({ length: 40_000 }, (_, n) => n % 253);
  for (const [at, size] of [1, 7, 300, 9_000, 16_384].entries()) {
    const id = 1 + 2 * at;
    connection.receive(headers(id));
    for (let from = 0; from < wanted.length; from += size) {
      const piece = wanted.subarray(from, from + size);
      connection.receive(data(id, piece, from + size >= wanted.length));
    }
    assert.deepEqual(bodies[at], wanted, `in frames of ${size}`);
  }
});

Deno.test("a peer that broke the protocol and does not close its side is cut off", async () => {
  const { connection, wire, errors, clock } = connect(() => {});
  connection.receive(frame(TYPE.ping, 0, 0, []));
  assert.deepEqual([errors, wire.ended, wire.destroyed], [["FRAME_SIZE_ERROR"], true, false]);
  await clock.advance(4_999);
  connection.tick(4_999);
  assert.equal(wire.destroyed, false);
  connection.tick(5_000);
  assert.equal(wire.destroyed, true);
});

Deno.test("a connection that was asked to go for its age is not hurried, when the server drains", async () => {
  const { connection, wire } = connect(() => {}, { maxConnectionAgeMs: 60_000 });
  connection.receive(headers(1, REQUEST_FIELDS, true));
  connection.tick(60_000);
  connection.goaway(Infinity);
  connection.goaway(10_000);
  connection.tick(600_000);
  await Promise.resolve();
  assert.equal(wire.ended, false);
});

Deno.test("a connection that is dismissed takes no further stream, finishes what is under way, and ends", async () => {
  const streams: ServerStream<undefined>[] = [];
  const { connection, wire, sent } = connect((stream) => void streams.push(stream));
  connection.receive(headers(1, REQUEST_FIELDS, true));
  sent();
  connection.dismiss();
  assert.deepEqual(sent().map(({ type, payload }) => [type, payload[3]]), [[TYPE.goaway, 1]]);
  connection.receive(headers(3, REQUEST_FIELDS, true));
  assert.equal(streams.length, 1);
  assert.equal(wire.ended, false);
  streams[0]?.respond([[":status", "204"]], true);
  await Promise.resolve();
  assert.equal(wire.ended, true);
});
