/** What a peer can make grow, or make us do, each with its bound (limits.ts). */
import assert from "node:assert/strict";

import { concatBytes } from "signet/base/mod.ts";
import { DEFAULT_LIMITS, HTTP2_ERROR } from "signet/http2/mod.ts";
import {
  CLIENT_START,
  data,
  frame,
  headers,
  record,
  type Recorded,
  REQUEST_FIELDS,
  settings,
  TYPE,
  uint32,
} from "../../support/http2_frames.ts";

function started(options: Parameters<typeof record>[0] = {}): Recorded {
  const recorded = record(options);
  recorded.http2.receive(CLIENT_START, 0);
  recorded.sent();
  return recorded;
}

/** Feeds `bytes(n)` for n = 1, 2, ... within one second until the connection ends; gives the number that was taken. */
function flood({ http2, error }: Recorded, most: number, bytes: (n: number) => Uint8Array): number {
  for (let n = 1; n <= most; n++) {
    http2.receive(bytes(n), 0);
    http2.takeOutput();
    if (error() !== undefined) {
      assert.equal(error(), HTTP2_ERROR.ENHANCE_YOUR_CALM);
      return n - 1;
    }
  }
  return most;
}

const PING = frame(TYPE.ping, 0, 0, new Uint8Array(8));
const { maxPingsPerSecond, maxResetsPerSecond, maxSettingsPerSecond, maxIdleFramesPerSecond } =
  DEFAULT_LIMITS;
const reset = (id: number) => frame(TYPE.rstStream, 0, id, uint32(HTTP2_ERROR.CANCEL));

/** Each flood, and how many of its frames are taken in a second. */
const FLOODS: Readonly<Record<string, readonly [number, (n: number) => Uint8Array]>> = {
  "PING": [maxPingsPerSecond, () => PING],
  // The connection's own first SETTINGS is one of them.
  "SETTINGS": [maxSettingsPerSecond - 1, () => settings()],
  "rapid reset: HEADERS and RST_STREAM": [
    maxResetsPerSecond,
    (n) => concatBytes([headers(2 * n - 1), reset(2 * n - 1)]),
  ],
  "malformed requests, which we reset": [
    maxResetsPerSecond,
    (n) => headers(2 * n - 1, [[":method", "GET"]], true),
  ],
  "PRIORITY": [maxIdleFramesPerSecond, () => frame(TYPE.priority, 0, 1, new Uint8Array(5))],
  "frames of unknown types": [maxIdleFramesPerSecond, () => frame(0xee, 0, 0)],
};

Deno.test("a flood within a second ends the connection with ENHANCE_YOUR_CALM", async (t) => {
  for (const [name, [taken, bytes]] of Object.entries(FLOODS)) {
    await t.step(name, () => assert.equal(flood(started(), taken * 4, bytes), taken));
  }
  await t.step("empty DATA", () => {
    const recorded = started();
    recorded.http2.receive(headers(1), 0);
    assert.equal(
      flood(recorded, maxIdleFramesPerSecond * 2, () => data(1, [])),
      maxIdleFramesPerSecond,
    );
  });
  await t.step("WINDOW_UPDATE of 1", () => {
    const recorded = started({ limits: { maxWindowUpdatesPerSecond: 1_000 } });
    assert.equal(flood(recorded, 2_000, () => frame(TYPE.windowUpdate, 0, 0, uint32(1))), 1_000);
  });
});

Deno.test("the same frames spread over seconds are taken", async (t) => {
  for (const [name, [taken, bytes]] of Object.entries(FLOODS)) {
    await t.step(name, () => {
      const { http2, error } = started();
      for (let n = 1; n <= taken * 3; n++) {
        http2.receive(bytes(n), Math.floor(n / (taken - 1)) * 1_000);
        http2.takeOutput();
      }
      assert.equal(error(), undefined);
    });
  }
});

Deno.test("PINGs that follow data of ours are not counted: a client measures the bandwidth", () => {
  const recorded = started();
  recorded.http2.receive(headers(1), 0);
  recorded.http2.sendHeaders(1, [[":status", "200"]], false);
  for (let n = 0; n < maxPingsPerSecond * 3; n++) {
    recorded.http2.sendData(1, Uint8Array.of(1));
    recorded.http2.receive(PING, 0);
    recorded.http2.takeOutput();
  }
  assert.equal(recorded.error(), undefined);
  assert.equal(flood(recorded, maxPingsPerSecond * 2, () => PING), maxPingsPerSecond);
});

Deno.test("PINGs are answered with their octets, and answers to ours are not answered", () => {
  const pongs: string[] = [];
  const { http2, sent } = started({ handler: { onPong: (opaque) => pongs.push(opaque.toHex()) } });
  http2.receive(frame(TYPE.ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]), 0);
  assert.deepEqual(sent().map(({ type, flags, payload }) => [type, flags, payload.toHex()]), [
    [TYPE.ping, 1, "0102030405060708"],
  ]);
  http2.receive(frame(TYPE.ping, 1, 0, [8, 7, 6, 5, 4, 3, 2, 1]), 0);
  assert.deepEqual([sent(), pongs], [[], ["0807060504030201"]]);
});

Deno.test("a CONTINUATION flood ends at a number of frames and at a number of octets", async (t) => {
  const open = () => {
    const recorded = started();
    recorded.http2.receive(frame(TYPE.headers, 0, 1, [0x82]), 0);
    return recorded;
  };
  await t.step("empty ones", () => {
    const { maxContinuationFrames } = DEFAULT_LIMITS;
    assert.equal(flood(open(), 1_000, () => frame(TYPE.continuation, 0, 1)), maxContinuationFrames);
  });
  await t.step("large ones", () => {
    const piece = frame(TYPE.continuation, 0, 1, new Uint8Array(16_384));
    assert.equal(flood(open(), 1_000, () => piece), 3);
  });
});

Deno.test("a header bomb is answered with 431 and costs no more than its bound", () => {
  const { http2, events, error, sent } = started();
  // One entry of 4,000 octets, then 15,000 references to it: 60 MB of header list.
  const entry = [0x40, 1, 0x61, 0x7f, 0xa1, 0x1e, ...new Uint8Array(4_000).fill(0x62)];
  http2.receive(frame(TYPE.headers, 5, 1, [...entry, ...new Uint8Array(12_000).fill(0xbe)]), 0);
  assert.deepEqual([error(), events], [undefined, []]);
  const [answer] = sent();
  assert.equal(answer?.type, TYPE.headers);
  assert.ok(new TextDecoder("latin1").decode(answer.payload).includes("431"));
  http2.receive(headers(3, REQUEST_FIELDS, true), 0);
  assert.deepEqual(events, ["headers 3 end"]);
});

Deno.test("streams above the announced number are refused, and refusals are counted", () => {
  const recorded = started({ limits: { maxConcurrentStreams: 2 } });
  recorded.http2.receive(concatBytes([headers(1), headers(3), headers(5)]), 0);
  assert.deepEqual(recorded.events, ["headers 1", "headers 3"]);
  const [refused] = recorded.sent();
  assert.deepEqual([refused?.type, refused?.streamId, [...refused?.payload ?? []]], [
    TYPE.rstStream,
    5,
    uint32(HTTP2_ERROR.REFUSED_STREAM),
  ]);
  assert.equal(recorded.http2.openStreams, 2);
  assert.equal(flood(recorded, 5_000, (n) => headers(5 + 2 * n)), maxResetsPerSecond - 1);
});

Deno.test("a peer that sends more than a window allows is cut off", async (t) => {
  const limits = { streamWindowBytes: 20_000, connectionWindowBytes: 65_535 };
  const block = new Uint8Array(10_000);
  await t.step("the stream's", () => {
    const { http2, events, sent } = started({ limits, unread: true });
    http2.receive(concatBytes([headers(1), data(1, block), data(1, block), data(1, [1])]), 0);
    assert.equal(events.at(-1), `reset 1 ${HTTP2_ERROR.FLOW_CONTROL_ERROR}`);
    assert.equal(sent().at(-1)?.type, TYPE.rstStream);
  });
  await t.step("the connection's", () => {
    const { http2, error } = started({ limits, unread: true });
    const two = (id: number) => concatBytes([headers(id), data(id, block), data(id, block)]);
    http2.receive(concatBytes([two(1), two(3), two(5)]), 0);
    assert.equal(error(), undefined);
    http2.receive(data(5, new Uint8Array(0), false), 0);
    http2.receive(concatBytes([headers(7), data(7, block)]), 0);
    assert.equal(error(), HTTP2_ERROR.FLOW_CONTROL_ERROR);
  });
  await t.step("padding is nobody's to read: it is given back at once", () => {
    const { http2, events, error } = started({ limits, unread: true });
    const padded = frame(TYPE.data, 8, 1, [255, ...new Uint8Array(256)]);
    http2.receive(headers(1), 0);
    for (let n = 0; n < 200; n++) http2.receive(padded, 0);
    assert.deepEqual([error(), events.length], [undefined, 201]);
    http2.receive(data(1, new Uint8Array(16_384)), 0);
    http2.receive(data(1, new Uint8Array(4_000)), 0);
    assert.equal(events.at(-1), `reset 1 ${HTTP2_ERROR.FLOW_CONTROL_ERROR}`);
  });
});

Deno.test("windows are given back when data is read, and not before", () => {
  const limits = { streamWindowBytes: 20_000, connectionWindowBytes: 65_535 };
  const { http2, sent } = started({ limits, unread: true });
  http2.receive(concatBytes([headers(1), data(1, new Uint8Array(16_000))]), 0);
  assert.deepEqual(sent(), []);
  http2.consume(1, 16_000);
  assert.deepEqual(sent().map(({ type, streamId, payload }) => [type, streamId, [...payload]]), [
    [TYPE.windowUpdate, 1, uint32(16_000)],
  ]);
});

Deno.test("data for a stream that is gone still gives its octets back to the connection", () => {
  const limits = { connectionWindowBytes: 65_535 };
  const { http2, error, sent } = started({ limits });
  http2.receive(headers(1), 0);
  http2.reset(1, HTTP2_ERROR.CANCEL);
  let given = 0;
  for (let n = 0; n < 20; n++) {
    http2.receive(data(1, new Uint8Array(10_000)), n * 1_000);
    for (const { type, streamId, payload } of sent()) {
      if (type === TYPE.windowUpdate && streamId === 0) {
        given += new DataView(payload.buffer).getUint32(0);
      }
    }
  }
  assert.equal(error(), undefined);
  assert.ok(given >= 20 * 10_000 - 65_535, `only ${given} given back`);
});

Deno.test("a peer that never reads ends the connection at maxQueuedBytes", () => {
  const { http2, error } = started({ limits: { maxQueuedBytes: 1_000_000 } });
  http2.receive(headers(1, REQUEST_FIELDS, true), 0);
  http2.sendHeaders(1, [[":status", "200"]], false);
  const piece = new Uint8Array(50_000);
  let pieces = 0;
  while (error() === undefined && pieces < 100) {
    http2.sendData(1, piece);
    pieces++;
  }
  assert.equal(error(), HTTP2_ERROR.ENHANCE_YOUR_CALM);
  assert.equal(pieces, Math.floor((1_000_000 + 65_535) / 50_000) + 1);
  assert.equal(http2.queuedBytes, 0);
});

Deno.test("window games: a stream's window may shrink below zero, and overflow resets", async (t) => {
  const answer = (recorded: Recorded, bytes: number) => {
    recorded.http2.receive(headers(1, REQUEST_FIELDS, true), 0);
    recorded.http2.sendHeaders(1, [[":status", "200"]], false);
    recorded.http2.sendData(1, new Uint8Array(bytes));
  };
  const octets = (recorded: Recorded) =>
    recorded.sent().filter(({ type }) => type === TYPE.data).reduce(
      (sum, { payload }) => sum + payload.length,
      0,
    );
  await t.step("shrunk to 0 and grown again", () => {
    const recorded = started();
    recorded.http2.receive(settings([4, 10]), 0);
    answer(recorded, 100);
    assert.equal(octets(recorded), 10);
    recorded.http2.receive(settings([4, 0]), 0);
    recorded.http2.receive(frame(TYPE.windowUpdate, 0, 1, uint32(10)), 0);
    assert.equal(octets(recorded), 0, "the window is 0 after -10 + 10");
    recorded.http2.receive(settings([4, 1]), 0);
    assert.equal(octets(recorded), 1);
    recorded.http2.receive(settings([4, 65_535]), 0);
    assert.equal(octets(recorded), 89);
  });
  await t.step("a window above 2^31 - 1 by WINDOW_UPDATE resets the stream", () => {
    const recorded = started();
    answer(recorded, 1);
    recorded.http2.receive(frame(TYPE.windowUpdate, 0, 1, uint32(0x7fffffff)), 0);
    assert.equal(recorded.events.at(-1), `reset 1 ${HTTP2_ERROR.FLOW_CONTROL_ERROR}`);
  });
  await t.step("a window above 2^31 - 1 by SETTINGS ends the connection", () => {
    const recorded = started();
    answer(recorded, 1);
    recorded.http2.receive(frame(TYPE.windowUpdate, 0, 1, uint32(0x7fff0000)), 0);
    recorded.http2.receive(settings([4, 0x7fffffff]), 0);
    assert.equal(recorded.error(), HTTP2_ERROR.FLOW_CONTROL_ERROR);
  });
  await t.step("WINDOW_UPDATE of 0 resets the stream", () => {
    const recorded = started();
    answer(recorded, 1);
    recorded.http2.receive(frame(TYPE.windowUpdate, 0, 1, uint32(0)), 0);
    assert.equal(recorded.events.at(-1), `reset 1 ${HTTP2_ERROR.PROTOCOL_ERROR}`);
  });
});

Deno.test("after GOAWAY streams under way go on; a graceful one still takes new ones", () => {
  const { http2, events, error, sent } = started();
  http2.receive(headers(1), 0);
  http2.goaway(HTTP2_ERROR.NO_ERROR, { graceful: true });
  http2.receive(headers(3), 0);
  http2.goaway(HTTP2_ERROR.NO_ERROR);
  http2.receive(concatBytes([headers(5), data(1, [1], true)]), 0);
  assert.deepEqual([error(), events], [undefined, ["headers 1", "headers 3", "data 1 1 end"]]);
  const lasts = sent().filter(({ type }) => type === TYPE.goaway).map(({ payload }) =>
    payload.toHex().slice(0, 8)
  );
  assert.deepEqual(lasts, ["7fffffff", "00000003"]);
});

Deno.test("a SETTINGS frame of 2,700 changes of the window is acknowledged, then applied once", () => {
  const { http2, error, sent } = started();
  http2.receive(settings([4, 0]), 0);
  http2.receive(headers(1, REQUEST_FIELDS, true), 0);
  http2.sendHeaders(1, [[":status", "200"]], false);
  http2.sendData(1, new Uint8Array(100));
  sent();
  const changes = Array.from({ length: 2_700 }, (_, n) => [4, n % 2 === 0 ? 1 : 60] as const);
  http2.receive(settings(...changes), 0);
  assert.deepEqual(sent().map(({ type, payload }) => [type, payload.length]), [[TYPE.settings, 0], [
    TYPE.data,
    60,
  ]]);
  assert.equal(error(), undefined);
});
