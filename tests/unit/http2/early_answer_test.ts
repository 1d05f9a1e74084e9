/** A response that is whole before its request is (RFC 9113 section 8.1): the client must be able to read it. */
import assert from "node:assert/strict";

import { HTTP2_ERROR } from "signet/http2/mod.ts";
import {
  CLIENT_START,
  data,
  frame,
  headers,
  record,
  type Recorded,
  TYPE,
  uint32,
} from "../../support/http2_frames.ts";

/** A server that answers 404 as soon as it has the headers. */
function refusing(): Recorded & { readonly closed: number[] } {
  const closed: number[] = [];
  const recorded = record({
    handler: {
      onHeaders: (id) => recorded.http2.sendHeaders(id, [[":status", "404"]], true),
      onStreamClosed: (id) => void closed.push(id),
    },
  });
  recorded.http2.receive(CLIENT_START, 0);
  recorded.sent();
  return { ...recorded, closed };
}

const resets = (recorded: Recorded) =>
  recorded.sent().filter(({ type }) => type === TYPE.rstStream).map((
    { streamId, payload },
  ) => [streamId, payload[3]]);

Deno.test("a small rest of a request that was answered is dropped without a reset", () => {
  const server = refusing();
  server.http2.receive(headers(1), 0);
  assert.deepEqual([server.closed, server.http2.openStreams], [[1], 0]);
  server.http2.receive(data(1, new Uint8Array(1_000)), 0);
  server.http2.receive(data(1, new Uint8Array(1_000), true), 0);
  assert.deepEqual(resets(server), []);
  assert.deepEqual([server.events, server.closed, server.error()], [["headers 1"], [1], undefined]);
});

Deno.test("a large rest of a request that was answered is stopped by RST_STREAM NO_ERROR", () => {
  const server = refusing();
  server.http2.receive(headers(1), 0);
  for (let n = 0; n < 20; n++) server.http2.receive(data(1, new Uint8Array(10_000)), 0);
  assert.deepEqual(resets(server), [[1, HTTP2_ERROR.NO_ERROR]]);
  assert.deepEqual([server.events, server.closed, server.error()], [["headers 1"], [1], undefined]);
});

Deno.test("of answered requests that never end the oldest are reset, so that few are kept", () => {
  const server = refusing();
  for (let id = 1; id < 400; id += 2) server.http2.receive(headers(id), 0);
  const gone = resets(server);
  assert.equal(gone.length, 100);
  assert.deepEqual(gone[0], [1, HTTP2_ERROR.NO_ERROR]);
  assert.equal(server.http2.openStreams, 0);
});

Deno.test("what a client does wrong on an answered stream is still wrong", async (t) => {
  const rows = {
    "WINDOW_UPDATE of 0": [frame(TYPE.windowUpdate, 0, 1, uint32(0)), HTTP2_ERROR.PROTOCOL_ERROR],
    "a second block that does not end it": [headers(1, [["a", "b"]]), HTTP2_ERROR.PROTOCOL_ERROR],
  } as const;
  for (const [name, [bytes, code]] of Object.entries(rows)) {
    await t.step(name, () => {
      const server = refusing();
      server.http2.receive(headers(1), 0);
      server.http2.receive(bytes, 0);
      assert.deepEqual(resets(server), [[1, code]]);
      assert.deepEqual(server.events, ["headers 1"]);
    });
  }
  await t.step("DATA after RST_STREAM ends the connection", () => {
    const server = refusing();
    server.http2.receive(headers(1), 0);
    server.http2.receive(frame(TYPE.rstStream, 0, 1, uint32(8)), 0);
    server.http2.receive(data(1, [1]), 0);
    assert.equal(server.error(), HTTP2_ERROR.STREAM_CLOSED);
  });
});

Deno.test("sending on a stream that was answered does nothing", () => {
  const server = refusing();
  server.http2.receive(headers(1), 0);
  server.sent();
  server.http2.sendData(1, new Uint8Array(10));
  server.http2.sendEnd(1, [["a", "b"]]);
  assert.deepEqual(server.sent(), []);
});
