import assert from "node:assert/strict";

import { concatBytes, isSignetError } from "signet/base/mod.ts";
import { HTTP2_ERROR } from "signet/http2/mod.ts";
import {
  CLIENT_START,
  data,
  frame,
  headers,
  PREFACE,
  record,
  REQUEST_FIELDS,
  settings,
  TYPE,
  uint32,
} from "../../support/http2_frames.ts";
import recordings from "../../vectors/http2/connections.json" with { type: "json" };

const recording = (name: keyof typeof recordings) => Uint8Array.fromBase64(recordings[name].bytes);

/** What is known of each client from its own side of the wire. */
const CLIENTS = {
  curl: {
    events: ["headers 1", "data 1 5 end"],
    fields: { ":method": "POST", ":path": "/x?y=z", "content-length": "5" },
  },
  h2load: {
    events: ["headers 1 end", "headers 3 end", "headers 5 end", "headers 7 end"],
    fields: { ":method": "GET", ":path": "/", ":scheme": "http" },
  },
  node: {
    events: ["headers 1", "data 1 11", "data 1 0 end"],
    fields: { ":method": "POST", ":path": "/x", "te": "trailers" },
  },
  grpcurl: {
    events: ["headers 1"],
    fields: { ":method": "POST", "content-type": "application/grpc", "te": "trailers" },
  },
} as const;

Deno.test("a server connection understands what real clients send", async (t) => {
  for (
    const [name, expected] of Object.entries(CLIENTS) as [
      keyof typeof CLIENTS,
      typeof CLIENTS.curl,
    ][]
  ) {
    await t.step(name, () => {
      const fields: Record<string, string> = {};
      const onHeaders = (_: number, block: Iterable<readonly [string, string]>) => {
        for (const [key, value] of block) fields[key] ??= value;
      };
      const { http2, events, error } = record({ handler: { onHeaders } });
      http2.receive(recording(name), 0);
      assert.equal(error(), undefined);
      const octets = (lines: readonly string[]) =>
        lines.filter((line) => line.startsWith("data")).reduce(
          (sum, line) => sum + Number(line.split(" ")[2]),
          0,
        );
      assert.equal(octets(events.slice(0, expected.events.length)), octets(expected.events));
      const heads = (lines: readonly string[]) =>
        lines.filter((line) => line.startsWith("headers"));
      assert.deepEqual(
        heads(events).slice(0, heads(expected.events).length),
        heads(expected.events),
      );
      for (const [key, value] of Object.entries(expected.fields)) {
        assert.equal(fields[key], value, key);
      }
      assert.match(fields[":authority"] ?? "", /^127\.0\.0\.1:\d+$/);
    });
  }
});

Deno.test("a server connection hears the same from a client whatever the chunks are", () => {
  for (const name of Object.keys(recordings) as (keyof typeof recordings)[]) {
    const whole = record();
    whole.http2.receive(recording(name), 0);
    for (const size of [1, 2, 7, 9, 10, 64]) {
      const cut = record();
      const bytes = recording(name);
      for (let at = 0; at < bytes.length; at += size) {
        cut.http2.receive(bytes.slice(at, at + size), 0);
      }
      assert.deepEqual(cut.events, whole.events, `${name} in chunks of ${size}`);
    }
  }
});

Deno.test("every truncation of a recorded connection is calm, and no event is made up", () => {
  for (const name of Object.keys(recordings) as (keyof typeof recordings)[]) {
    const bytes = recording(name);
    const whole = record();
    whole.http2.receive(bytes, 0);
    for (let length = 0; length < bytes.length; length++) {
      const { http2, events, error } = record();
      http2.receive(bytes.slice(0, length), 0);
      assert.equal(error(), undefined, `${name} cut at ${length}`);
      assert.deepEqual(events, whole.events.slice(0, events.length));
    }
  }
});

Deno.test("every bit flip of a recorded connection gives events or a connection error with GOAWAY", () => {
  let errors = 0;
  for (const name of Object.keys(recordings) as (keyof typeof recordings)[]) {
    const bytes = recording(name);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const bent = bytes.slice();
      bent[bit >> 3]! ^= 1 << (bit & 7);
      const { http2, error, sent } = record();
      http2.receive(bent, 0);
      const frames = sent();
      assert.equal(error() !== undefined, http2.closed, `${name} bit ${bit}`);
      if (error() !== undefined) {
        errors++;
        assert.equal(frames.at(-1)?.type, TYPE.goaway, `${name} bit ${bit}`);
      }
    }
  }
  assert.ok(errors > 100, `only ${errors} were noticed`);
});

const AFTER_START: Readonly<
  Record<string, readonly [keyof typeof HTTP2_ERROR, readonly Uint8Array[]]>
> = {
  "a frame above 16,384 octets": ["FRAME_SIZE_ERROR", [
    frame(TYPE.data, 0, 1, new Uint8Array(16_385)),
  ]],
  "DATA on stream 0": ["PROTOCOL_ERROR", [data(0, [1])]],
  "DATA on an idle stream": ["PROTOCOL_ERROR", [data(1, [1])]],
  "HEADERS on stream 0": ["PROTOCOL_ERROR", [headers(0)]],
  "HEADERS on an even stream": ["PROTOCOL_ERROR", [headers(2)]],
  // Which of the lower streams were ever used is not remembered: to section 5.1 they are all closed.
  "HEADERS on a lower stream": ["STREAM_CLOSED", [headers(5), headers(3)]],
  "HEADERS whose block is cut off": ["COMPRESSION_ERROR", [
    frame(TYPE.headers, 5, 1, [0x00, 0x05, 0x61]),
  ]],
  "HEADERS padded longer than the frame": ["PROTOCOL_ERROR", [
    frame(TYPE.headers, 0xd, 1, [9, 0x82]),
  ]],
  "HEADERS padded and empty": ["FRAME_SIZE_ERROR", [frame(TYPE.headers, 0xd, 1)]],
  "a block interrupted by PING": [
    "PROTOCOL_ERROR",
    [frame(TYPE.headers, 1, 1, [0x82]), frame(TYPE.ping, 0, 0, new Uint8Array(8))],
  ],
  "a block interrupted by another stream": [
    "PROTOCOL_ERROR",
    [frame(TYPE.headers, 1, 1, [0x82]), frame(TYPE.continuation, 4, 3, [0x84])],
  ],
  "CONTINUATION of nothing": ["PROTOCOL_ERROR", [frame(TYPE.continuation, 4, 1, [0x82])]],
  "PRIORITY on stream 0": ["PROTOCOL_ERROR", [frame(TYPE.priority, 0, 0, new Uint8Array(5))]],
  "RST_STREAM on stream 0": ["PROTOCOL_ERROR", [frame(TYPE.rstStream, 0, 0, uint32(8))]],
  "RST_STREAM of 3 octets": ["FRAME_SIZE_ERROR", [
    headers(1),
    frame(TYPE.rstStream, 0, 1, [0, 0, 8]),
  ]],
  "RST_STREAM on an idle stream": ["PROTOCOL_ERROR", [frame(TYPE.rstStream, 0, 1, uint32(8))]],
  "SETTINGS on a stream": ["PROTOCOL_ERROR", [frame(TYPE.settings, 0, 1)]],
  "SETTINGS of 5 octets": ["FRAME_SIZE_ERROR", [frame(TYPE.settings, 0, 0, new Uint8Array(5))]],
  "SETTINGS acknowledged with content": ["FRAME_SIZE_ERROR", [
    frame(TYPE.settings, 1, 0, new Uint8Array(6)),
  ]],
  "ENABLE_PUSH of 2": ["PROTOCOL_ERROR", [settings([2, 2])]],
  "INITIAL_WINDOW_SIZE of 2^31": ["FLOW_CONTROL_ERROR", [settings([4, 0x80000000])]],
  "MAX_FRAME_SIZE of 16,383": ["PROTOCOL_ERROR", [settings([5, 16_383])]],
  "MAX_FRAME_SIZE of 2^24": ["PROTOCOL_ERROR", [settings([5, 1 << 24])]],
  "PUSH_PROMISE": ["PROTOCOL_ERROR", [frame(TYPE.pushPromise, 4, 1, [0, 0, 0, 2, 0x82])]],
  "PING of 7 octets": ["FRAME_SIZE_ERROR", [frame(TYPE.ping, 0, 0, new Uint8Array(7))]],
  "PING on a stream": ["PROTOCOL_ERROR", [frame(TYPE.ping, 0, 1, new Uint8Array(8))]],
  "GOAWAY on a stream": ["PROTOCOL_ERROR", [frame(TYPE.goaway, 0, 1, new Uint8Array(8))]],
  "GOAWAY of 7 octets": ["FRAME_SIZE_ERROR", [frame(TYPE.goaway, 0, 0, new Uint8Array(7))]],
  "WINDOW_UPDATE of 0 for the connection": ["PROTOCOL_ERROR", [
    frame(TYPE.windowUpdate, 0, 0, uint32(0)),
  ]],
  "WINDOW_UPDATE of 3 octets": ["FRAME_SIZE_ERROR", [frame(TYPE.windowUpdate, 0, 0, [0, 0, 1])]],
  "WINDOW_UPDATE above 2^31 - 1": ["FLOW_CONTROL_ERROR", [
    frame(TYPE.windowUpdate, 0, 0, uint32(0x7fffffff)),
  ]],
  "WINDOW_UPDATE on an idle stream": ["PROTOCOL_ERROR", [
    frame(TYPE.windowUpdate, 0, 1, uint32(1)),
  ]],
};

Deno.test("a server connection ends with the code of RFC 9113 when a peer breaks the protocol", async (t) => {
  for (const [name, [code, bytes]] of Object.entries(AFTER_START)) {
    await t.step(name, () => {
      const { http2, error, sent } = record();
      http2.receive(CLIENT_START, 0);
      http2.receive(concatBytes(bytes), 0);
      assert.equal(error(), HTTP2_ERROR[code]);
      const goaway = sent().at(-1);
      assert.equal(goaway?.type, TYPE.goaway);
      assert.deepEqual([...goaway.payload.slice(4, 8)], uint32(HTTP2_ERROR[code]));
      http2.receive(headers(101), 0);
      assert.equal(http2.takeOutput(), undefined, "nothing is answered afterwards");
    });
  }
});

Deno.test("a server connection wants the preface, then SETTINGS", () => {
  for (
    const bytes of [
      new TextEncoder().encode("GET / HTTP/1.1\r\n"),
      concatBytes([PREFACE, headers(1)]),
    ]
  ) {
    const { http2, error, events } = record();
    http2.receive(bytes, 0);
    assert.equal(error(), HTTP2_ERROR.PROTOCOL_ERROR);
    assert.deepEqual(events, []);
  }
});

const without = (name: string) => REQUEST_FIELDS.filter(([field]) => field !== name);
const MALFORMED: Readonly<Record<string, Uint8Array>> = {
  "no :method": headers(1, without(":method")),
  "no :path": headers(1, without(":path")),
  "no :scheme": headers(1, without(":scheme")),
  "an empty :path": headers(1, [...without(":path"), [":path", ""]]),
  ":status in a request": headers(1, [...REQUEST_FIELDS, [":status", "200"]]),
  "an unknown pseudo-header field": headers(1, [...REQUEST_FIELDS, [":x", "1"]]),
  "a pseudo-header field twice": headers(1, [...REQUEST_FIELDS, [":path", "/x"]]),
  "a pseudo-header field after a regular one": headers(1, [["a", "b"], ...REQUEST_FIELDS]),
  "upper case": headers(1, [...REQUEST_FIELDS, ["Te", "trailers"]]),
  "a name with a space": headers(1, [...REQUEST_FIELDS, ["a b", "c"]]),
  "an empty name": headers(1, [...REQUEST_FIELDS, ["", "c"]]),
  "a value with a line feed": headers(1, [...REQUEST_FIELDS, ["a", "b\nc"]]),
  "a value with NUL": headers(1, [...REQUEST_FIELDS, ["a", "b\0c"]]),
  "connection": headers(1, [...REQUEST_FIELDS, ["connection", "close"]]),
  "transfer-encoding": headers(1, [...REQUEST_FIELDS, ["transfer-encoding", "chunked"]]),
  "te of gzip": headers(1, [...REQUEST_FIELDS, ["te", "gzip"]]),
  "content-length that is no number": headers(1, [...REQUEST_FIELDS, ["content-length", "5x"]]),
  "two content-lengths": headers(1, [...REQUEST_FIELDS, ["content-length", "5"], [
    "content-length",
    "6",
  ]]),
  "content-length 5 and no body": headers(1, [...REQUEST_FIELDS, ["content-length", "5"]], true),
  "content-length 5 and 4 octets": concatBytes([
    headers(1, [...REQUEST_FIELDS, ["content-length", "5"]]),
    data(1, [1, 2, 3, 4], true),
  ]),
  "content-length 5 and 6 octets": concatBytes([
    headers(1, [...REQUEST_FIELDS, ["content-length", "5"]]),
    data(1, [1, 2, 3, 4, 5, 6]),
  ]),
  "trailers with a pseudo-header field": concatBytes([
    headers(1),
    headers(1, [[":path", "/"]], true),
  ]),
  "trailers that do not end the stream": concatBytes([headers(1), headers(1, [["a", "b"]])]),
};

Deno.test("a malformed request resets its stream with PROTOCOL_ERROR and leaves the connection", async (t) => {
  for (const [name, bytes] of Object.entries(MALFORMED)) {
    await t.step(name, () => {
      const { http2, events, error, sent } = record();
      http2.receive(CLIENT_START, 0);
      http2.receive(bytes, 0);
      assert.equal(error(), undefined);
      const reset = sent().find(({ type }) => type === TYPE.rstStream);
      assert.deepEqual([reset?.streamId, [...reset?.payload ?? []]], [
        1,
        uint32(HTTP2_ERROR.PROTOCOL_ERROR),
      ]);
      assert.ok(!events.some((event) => event.endsWith(" end")), events.join());
      http2.receive(headers(3, REQUEST_FIELDS, true), 0);
      assert.equal(events.at(-1), "headers 3 end");
    });
  }
});

Deno.test("frames of unknown types and flags are ignored", () => {
  const { http2, events, error } = record();
  http2.receive(CLIENT_START, 0);
  http2.receive(frame(0xfe, 0xff, 7, [1, 2, 3]), 0);
  http2.receive(settings([0x99, 12345]), 0);
  http2.receive(frame(TYPE.headers, 0x85 | 0x40, 1, headers(1).slice(9)), 0);
  assert.deepEqual([error(), events], [undefined, ["headers 1 end"]]);
});

Deno.test("a client connection judges responses", async (t) => {
  const open = () => {
    const recorded = record({ role: "client" });
    recorded.http2.receive(settings(), 0);
    assert.equal(recorded.http2.openStream(REQUEST_FIELDS, true), 1);
    return recorded;
  };
  await t.step("1xx is passed over, 200 is told", () => {
    const { http2, events, error } = open();
    http2.receive(headers(1, [[":status", "103"]]), 0);
    http2.receive(headers(1, [[":status", "200"]]), 0);
    http2.receive(data(1, [1], true), 0);
    assert.deepEqual([error(), events], [undefined, ["headers 1", "data 1 1 end"]]);
  });
  await t.step("1xx that ends the stream resets it: the response would never come", () => {
    const { http2, events } = open();
    http2.receive(headers(1, [[":status", "103"]], true), 0);
    assert.deepEqual(events, [`reset 1 ${HTTP2_ERROR.PROTOCOL_ERROR}`]);
  });
  await t.step("a response without :status resets the stream", () => {
    const { http2, events } = open();
    http2.receive(headers(1, [["a", "b"]]), 0);
    assert.deepEqual(events, [`reset 1 ${HTTP2_ERROR.PROTOCOL_ERROR}`]);
  });
  await t.step("HEADERS on a stream that nobody opened end the connection", () => {
    const { http2, error } = open();
    http2.receive(headers(3, [[":status", "200"]]), 0);
    assert.equal(error(), HTTP2_ERROR.PROTOCOL_ERROR);
  });
  await t.step("no more streams than the server allows are opened", () => {
    const { http2 } = open();
    http2.receive(settings([3, 1]), 0);
    assert.throws(
      () => http2.openStream(REQUEST_FIELDS, true),
      (thrown) => isSignetError(thrown, "http2.misuse"),
    );
  });
});
