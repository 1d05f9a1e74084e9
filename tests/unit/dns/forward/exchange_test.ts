import assert from "node:assert/strict";
import { decodeMessage, encodeName, TYPE } from "../../../../lib/dns/message/mod.ts";
import {
  encodeExchange,
  type Fit,
  fitOf,
  isTruncated,
} from "../../../../lib/dns/forward/exchange.ts";
import { createFrameReader } from "../../../../lib/dns/forward/frames.ts";
import { questionFor } from "../../../support/forwarding.ts";

const ONES = new Uint8Array(32).fill(0xff);
const ZEROS = new Uint8Array(32);

function exchange(transport: "udp" | "tcp" | "tls", spelling = ZEROS, edns = true) {
  const question = questionFor("www.Example.com", { dnssecOk: true, checkingDisabled: true });
  return encodeExchange(question, { transport, id: 0x1234, edns, spelling });
}

Deno.test("encodeExchange() asks with RD, AD, CD and DO as the client did, and spells the name anew over UDP alone", () => {
  for (
    const [transport, spelling, name] of [
      ["udp", ONES, "WWW.EXAMPLE.COM"],
      ["udp", ZEROS, "www.example.com"],
      ["tcp", ONES, "www.Example.com"],
    ] as const
  ) {
    const { framed } = exchange(transport, spelling);
    const message = decodeMessage(framed.subarray(2));
    assert.equal(message.flags, 0x0130);
    assert.deepEqual(framed.slice(14, 14 + 17), encodeName(name));
    const [opt] = message.additionals;
    assert.deepEqual([opt?.type, opt?.ttl], [TYPE.OPT, 0x8000]);
  }
  assert.equal(
    decodeMessage(exchange("udp", ZEROS, false).framed.subarray(2)).additionals.length,
    0,
  );
});

Deno.test("encodeExchange() pads to 128 octets over TLS alone (RFC 8467)", () => {
  for (let length = 1; length < 200; length++) {
    const labels = "a".repeat(length).match(/.{1,50}/g)!.join(".");
    const options = { id: 1, edns: true, spelling: ZEROS };
    const framed = encodeExchange(questionFor(labels), { transport: "tls", ...options }).framed;
    assert.equal((framed.length - 2) % 128, 0, labels);
    assert.equal(decodeMessage(framed.subarray(2)).end, framed.length - 2);
  }
  assert.notEqual((exchange("tcp").framed.length - 2) % 128, 0);
});

const FITS: readonly (readonly [string, (reply: Uint8Array) => Uint8Array, Fit])[] = [
  ["as asked", (reply) => reply, "reply"],
  ["another ID", (reply) => reply.with(1, 0x35), "foreign"],
  ["no reply", (reply) => reply.with(2, 0x01), "foreign"],
  ["another opcode", (reply) => reply.with(2, 0xa1), "foreign"],
  ["one letter in another case", (reply) => reply.with(13, reply[13]! ^ 0x20), "doubtful"],
  ["one letter another", (reply) => reply.with(13, 0x78), "foreign"],
  ["a length another", (reply) => reply.with(12, 4), "foreign"],
  ["type another", (reply) => reply.with(30, 28), "foreign"],
  ["class another", (reply) => reply.with(32, 3), "foreign"],
  ["type other by 0x20", (reply) => reply.with(30, 0x21), "foreign"],
  ["cut in the question", (reply) => reply.slice(0, 32), "foreign"],
  ["cut in the header", (reply) => reply.slice(0, 11), "foreign"],
  ["two questions", (reply) => reply.with(5, 2), "foreign"],
  ["no question, no error", (reply) => reply.with(5, 0), "foreign"],
  ["no question, FORMERR", (reply) => reply.with(5, 0).with(3, 1).slice(0, 12), "doubtful"],
];

Deno.test("fitOf() believes nothing but the question as it was asked", async (t) => {
  const asked = exchange("udp");
  const reply = asked.framed.slice(2);
  reply[2] = 0x81;
  for (const [what, change, fit] of FITS) {
    await t.step(what, () => assert.equal(fitOf(change(reply.slice()), asked), fit));
  }
});

Deno.test("isTruncated() reads TC", () => {
  assert.equal(isTruncated(Uint8Array.of(0, 0, 0x83, 0)), true);
  assert.equal(isTruncated(Uint8Array.of(0, 0, 0xfd, 0xff)), false);
});

Deno.test("FrameReader.read() gives the same messages however the stream is cut", () => {
  const messages = [ZEROS, new Uint8Array(0), Uint8Array.of(7), new Uint8Array(65_535).fill(9)];
  const stream = Uint8Array.from(
    messages.flatMap((message) => [message.length >> 8, message.length & 0xff, ...message]),
  );
  for (const size of [1, 2, 3, 31, 36, 1000, stream.length]) {
    const reader = createFrameReader();
    const read: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      // What is given out is a view into the chunk, which may be used again.
      read.push(...reader.read(stream.slice(at, at + size)).map((frame) => frame.slice()));
    }
    assert.deepEqual(read, messages, `chunks of ${size}`);
  }
});
