/** HTTP/1.1: requests cut out of bytes in every way they may arrive, what is refused, and connections with their bounds. */
import assert from "node:assert/strict";

import { fromUtf8, isSignetError, utf8 } from "signet/base/mod.ts";
import type { ServerStream } from "signet/transport/mod.ts";
import { HEAD_TIMEOUT_MS, Http1Connection } from "../../../lib/transport/http1_connection.ts";
import { Http1Reader, MAX_HEAD_BYTES } from "../../../lib/transport/http1_reader.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

/** What a reader makes of pieces: a line for each event. */
function read(...pieces: readonly string[]): readonly string[] {
  const events: string[] = [];
  let body = "";
  const reader = new Http1Reader({
    onHead: ({ headers, keepsAlive, expectsContinue }) => {
      const fields = [...headers].filter(([name]) => name !== ":scheme")
        .map(([name, value]) => `${name}=${value}`);
      events.push(
        `${fields.join(" ")}${keepsAlive ? "" : " closes"}${expectsContinue ? " expects" : ""}`,
      );
    },
    onBody: (bytes) => void (body += fromUtf8(bytes)),
    onEnd: () => {
      events.push(`end ${JSON.stringify(body)}`);
      body = "";
    },
  });
  try {
    for (const piece of pieces) {
      let bytes = Uint8Array.from(piece, (octet) => octet.charCodeAt(0));
      while (bytes.length > 0) bytes = bytes.subarray(reader.read(bytes));
    }
  } catch (thrown) {
    assert.ok(isSignetError(thrown, "transport.bad_request"), String(thrown));
    events.push(
      `${thrown.fields["status"]} ${thrown.message.replace("Cannot read request: ", "")}`,
    );
  }
  return events;
}

const HEAD = "POST /validate?timeout=10s HTTP/1.1\r\nHost: a\r\n";

Deno.test("Http1Reader reads requests, however their bytes are cut", () => {
  const text = `${HEAD}Content-Type:\tapplication/json \r\nContent-Length: 4\r\n\r\nab\r\n` +
    "GET http://a.example/ready HTTP/1.1\r\nhOsT: a\r\nConnection: close\r\n\r\n" +
    `${HEAD}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n` +
    "\r\nGET / HTTP/1.0\r\n\r\n";
  const expected = [
    ":method=POST :path=/validate?timeout=10s host=a content-type=application/json content-length=4",
    'end "ab\\r\\n"',
    ":method=GET :path=/ready host=a connection=close closes",
    'end ""',
    ":method=POST :path=/validate?timeout=10s host=a transfer-encoding=chunked expect=100-continue expects",
    'end "abc0123456789"',
    ":method=GET :path=/ closes",
    'end ""',
  ];
  assert.deepEqual(read(text), expected);
  assert.deepEqual(read(...text), expected, "octet by octet");
  for (let cut = 1; cut < text.length; cut += 7) {
    assert.deepEqual(read(text.slice(0, cut), text.slice(cut)), expected, `cut at ${cut}`);
  }
});

Deno.test("Http1Reader refuses what could be read in two ways, and what is too much", async (t) => {
  const post = (fields: string, body = "") => `${HEAD}${fields}\r\n${body}`;
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["no request line", "hello\r\n\r\n", /^400 its first line/],
    ["HTTP/2.0 in clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^400 its first line/],
    ["a bare LF", "GET / HTTP/1.1\nHost: a\n\n", /^400 a line ends in LF alone/],
    ["a CR alone", "\rGET / HTTP/1.1\r\n\r\n", /^400 its first line/],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", /^400 it has 0 Host fields/],
    ["two Hosts", post("Host: b\r\n"), /^400 it has 2 Host fields/],
    ["a folded field", post("A: b\r\n c\r\n"), /^400 a header field is none/],
    ["a blank before the colon", post("A : b\r\n"), /^400 a header field is none/],
    ["a NUL in a value", post("A: b\0c\r\n"), /^400 a header field is none/],
    ["a field without a colon", post("A\r\n"), /^400 a header field is none/],
    [
      "blanks without end before what may not be there",
      post(`A:${" ".repeat(30_000)}\x01\r\n`),
      /^400 a header field is none/,
    ],
    [
      "blanks without end in a trailer",
      post("Transfer-Encoding: chunked\r\n", `0\r\nA:${" ".repeat(8_000)}\x01\r\n`),
      /400 a trailer is no field/,
    ],
    ["a target that is no path", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", /^400 its target is no path/],
    [
      "a length and chunks",
      post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
      /^400 its length is said in two ways/,
    ],
    ["two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n"), /^400 its Content-Length/],
    ["a list of lengths", post("Content-Length: 3, 3\r\n"), /^400 its Content-Length/],
    ["a negative length", post("Content-Length: -1\r\n"), /^400 its Content-Length/],
    ["a length with a sign", post("Content-Length: +1\r\n"), /^400 its Content-Length/],
    [
      "a length beyond all numbers",
      post(`Content-Length: ${"9".repeat(40)}\r\n`),
      /^400 its Content/,
    ],
    [
      "a coding with what some take for white space",
      post("Transfer-Encoding: \xa0chunked\r\n"),
      /^501 its transfer coding/,
    ],
    ["another coding", post("Transfer-Encoding: gzip, chunked\r\n"), /^501 its transfer coding/],
    [
      "a chunk in HTTP/1.0",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      /^400 its length is said in two ways/,
    ],
    [
      "a chunk without length",
      post("Transfer-Encoding: chunked\r\n", "x\r\n"),
      /400 a chunk does not/,
    ],
    [
      "a chunk that is longer",
      post("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n"),
      /400 a chunk is/,
    ],
    [
      "a chunk's line without end",
      post("Transfer-Encoding: chunked\r\n", `1;${"x".repeat(300)}`),
      /400 a chunk's first line have more than 256/,
    ],
    [
      "trailers without end",
      post("Transfer-Encoding: chunked\r\n", `0\r\n${"a: b\r\n".repeat(2_000)}`),
      /400 its trailers have more than/,
    ],
    ["too many fields", post("A: b\r\n".repeat(101)), /^431 it has 102 header fields/],
    ["fields without end", post(`A: ${"b".repeat(MAX_HEAD_BYTES)}`), /^431 its header fields have/],
  ];
  for (const [what, text, expected] of rows) {
    await t.step(what, () => assert.match(read(text).at(-1)!, expected));
  }
});

function connect(onStream: (stream: ServerStream<undefined>) => void) {
  const clock = createFakeClock(0);
  const wire = { written: "", reading: true, ended: false, destroyed: false, takes: true };
  const connection = new Http1Connection<undefined>({
    write: (bytes) => {
      wire.written += fromUtf8(bytes);
      return wire.takes;
    },
    setReading: (reading) => void (wire.reading = reading),
    end: () => void (wire.ended = true),
    destroy: () => void (wire.destroyed = true),
  }, {
    facts: { remoteAddress: "192.0.2.1:1", peer: undefined },
    ...{ maxIdleMs: 90_000, clock, onStream },
    onError: () => {},
  });
  const sent = () => {
    const { written } = wire;
    wire.written = "";
    return written;
  };
  return {
    clock,
    wire,
    connection,
    sent,
    receive: (text: string) => connection.receive(utf8(text)),
  };
}

/** Answers with what was sent. */
function echo(stream: ServerStream<undefined>): void {
  stream.collect(1_000, (body) => {
    const copy = body.slice();
    stream.respond([[":status", "200"], ["content-length", String(copy.length)]], false);
    void stream.write(copy);
    stream.end([]);
  });
}

const OK = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const post = (body: string) => `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;

Deno.test("a connection of HTTP/1.1 answers one request after another, in their order", async () => {
  const { receive, sent, wire, clock } = connect(echo);
  receive(post("one"));
  assert.equal(sent(), OK("one"));
  receive(post("two") + post("three") + post("four").slice(0, -2));
  await clock.advance(0);
  assert.equal(sent(), OK("two") + OK("three"));
  receive("ur");
  assert.equal(sent(), OK("four"));
  assert.equal(wire.ended, false);
});

Deno.test("a request that stands behind one that is being answered waits, and so does its client", async () => {
  const streams: ServerStream<undefined>[] = [];
  const { receive, sent, wire, clock } = connect((stream) => void streams.push(stream));
  receive(post("one") + post("two"));
  assert.equal(streams.length, 1);
  assert.equal(wire.reading, false);
  streams[0]!.respond([[":status", "200"]], true);
  await clock.advance(0);
  assert.equal(sent(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  assert.equal(streams.length, 2);
});

Deno.test("a client that does not read its responses gets no further ones, and in time is cut off", async () => {
  const { receive, sent, wire, clock, connection } = connect(echo);
  wire.takes = false;
  receive(post("one") + post("two").slice(0, -1));
  receive("o" + post("three"));
  await clock.advance(0);
  assert.equal(sent(), OK("one"));
  assert.equal(wire.reading, false);
  wire.takes = true;
  connection.drained();
  await clock.advance(0);
  assert.equal(sent(), OK("two") + OK("three"));
  assert.equal(wire.reading, true);
  wire.takes = false;
  receive(post("four") + post("five"));
  connection.tick(90_000);
  assert.equal(sent(), OK("four"));
  assert.equal(wire.ended, true);
});

Deno.test("a body that nobody reads holds its client back", async () => {
  let stream: ServerStream<undefined> | undefined;
  const { receive, wire } = connect((each) => void (stream = each));
  receive(`${HEAD}Content-Length: 1000000\r\n\r\n`);
  for (let n = 0; n < 20; n++) receive("x".repeat(20_000));
  assert.equal(wire.reading, false);
  let read = 0;
  for await (const chunk of stream!.body) {
    read += chunk.length;
    if (read >= 400_000) break;
  }
  assert.equal(wire.reading, true);
});

Deno.test("an answer before the end of its request ends the connection, and the rest is thrown away", () => {
  const { receive, sent, wire } = connect((stream) => stream.respond([[":status", "404"]], true));
  receive(`${HEAD}Content-Length: 10\r\n\r\nabc`);
  assert.match(
    sent(),
    /^HTTP\/1\.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n$/,
  );
  assert.equal(wire.ended, true);
  receive("defghij");
  receive(post("more"));
  assert.equal(sent(), "");
});

Deno.test("a client that waits for 100 Continue gets it when its body is wanted, and not when it is not", () => {
  const wanted = connect(echo);
  wanted.receive(`${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
  assert.equal(wanted.sent(), "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.receive("ab");
  assert.equal(wanted.sent(), OK("ab"));
  const refused = connect((stream) => stream.respond([[":status", "404"]], true));
  refused.receive(`${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
  assert.match(refused.sent(), /^HTTP\/1\.1 404 /);
});

Deno.test("what is no request is answered with its status, and the connection ends", () => {
  const { receive, sent, wire } = connect(() => assert.fail("there is no request"));
  receive("GET / HTTP/1.1\r\nBad\r\n\r\n");
  assert.match(sent(), /^HTTP\/1\.1 400 Bad Request\r\n.*connection: close\r\n\r\nCannot read/s);
  assert.equal(wire.ended, true);
});

Deno.test("silence ends a connection of HTTP/1.1, sooner inside the header fields of a request", () => {
  const idle = connect(echo);
  idle.connection.tick(89_999);
  assert.equal(idle.wire.ended, false);
  idle.connection.tick(90_000);
  assert.equal(idle.wire.ended, true);
  idle.connection.tick(95_000);
  assert.equal(idle.wire.destroyed, true);
  const slow = connect(echo);
  slow.receive(HEAD);
  slow.connection.tick(HEAD_TIMEOUT_MS);
  assert.match(slow.sent(), /^HTTP\/1\.1 408 /);
  assert.equal(slow.wire.ended, true);
});

Deno.test("a connection that is asked to go ends at once when idle, else with its answer", () => {
  const idle = connect(echo);
  idle.connection.goaway(Infinity);
  assert.equal(idle.wire.ended, true);
  const busy = connect(echo);
  busy.receive(post("one").slice(0, -1));
  busy.connection.goaway(Infinity);
  assert.equal(busy.wire.ended, false);
  busy.receive("e");
  assert.match(busy.sent(), /connection: close\r\n\r\none$/);
  assert.equal(busy.wire.ended, true);
});

Deno.test("a stream whose connection is lost ends its reader", async () => {
  let stream: ServerStream<undefined> | undefined;
  const { receive, connection } = connect((each) => void (stream = each));
  receive(`${HEAD}Content-Length: 10\r\n\r\nabc`);
  const reading = (async () => {
    for await (const chunk of stream!.body) assert.equal(chunk.length, 3);
  })();
  connection.lost();
  await assert.rejects(reading, /the connection was lost/);
  assert.equal(stream!.isLost, true);
  assert.equal(stream!.signal.aborted, true);
});
