import assert from "node:assert/strict";

import { isSignetError } from "signet/base/mod.ts";
import { HpackDecoder } from "../../../lib/http2/hpack_decoder.ts";
import { assertBitFlipsCalm } from "../../support/mutations.ts";
import rfc from "../../vectors/http2/rfc7541_c.json" with { type: "json" };
import stories from "../../vectors/http2/hpack_stories.json" with { type: "json" };

const LIMITS = { maxTableBytes: 4_096, maxListBytes: 32_768 };
const decoderOf = (limits: Partial<typeof LIMITS> = {}) =>
  new HpackDecoder({ ...LIMITS, ...limits });
const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

Deno.test("HpackDecoder decodes every example of RFC 7541 appendix C", async (t) => {
  for (const { example, tableBytes, blocks } of rfc) {
    await t.step(example, () => {
      const decoder = decoderOf({ maxTableBytes: tableBytes });
      for (const { block, fields } of blocks) {
        assert.deepEqual(decoder.decode(bytes(block)), { fields, tooLarge: false });
      }
    });
  }
});

Deno.test("HpackDecoder stays in step with Python's encoder over whole connections", () => {
  for (const { tableBytes, blocks } of stories) {
    const decoder = decoderOf({ maxTableBytes: tableBytes });
    for (const { block, fields } of blocks) {
      assert.deepEqual(decoder.decode(bytes(block)).fields, fields);
    }
  }
});

const BAD = {
  "index 0": "80",
  "an index beyond both tables": "be",
  "an index far beyond": "ff ff ff ff 07",
  "an integer without end": "ff ff ff ff ff ff ff ff ff ff",
  "an integer that is cut off": "ff ff",
  "an integer of five continuation octets": "ff 80 80 80 80 01",
  "a literal without a value": "00 01 61",
  "a string that is cut off": "00 05 61",
  "a string length of 2^28": "00 7f 81 ff ff 7f 61",
  "a table above what was announced": "3f e2 1f",
  "a table size update after a field": "82 20",
  "Huffman: EOS in the string": "00 84 ff ff ff ff 01 61",
  "Huffman: more than 7 bits of padding": "00 82 1f ff 01 61",
  "Huffman: padding of zeros": "00 81 18 01 61",
  "Huffman: EOS cut into padding of 8 ones": "00 81 ff 01 61",
} as const;

Deno.test("HpackDecoder refuses bad blocks as http2.bad_hpack", async (t) => {
  for (const [name, block] of Object.entries(BAD)) {
    await t.step(name, () => {
      assert.throws(
        () => decoderOf().decode(bytes(block)),
        (thrown) => isSignetError(thrown, "http2.bad_hpack"),
      );
    });
  }
});

Deno.test("HpackDecoder takes Huffman strings whose padding is the start of EOS", () => {
  // 'a' is 00011: padded by three ones (RFC 7541 appendix B and section 5.2).
  assert.deepEqual(decoderOf().decode(bytes("00 81 1f 01 62")).fields, [["a", "b"]]);
});

Deno.test("HpackDecoder takes several table size updates in front of a block", () => {
  assert.deepEqual(decoderOf().decode(bytes("20 3f e1 1f 82")).fields, [[":method", "GET"]]);
});

Deno.test("HpackDecoder forgets entries when the table shrinks", () => {
  const decoder = decoderOf();
  decoder.decode(bytes("40 01 61 01 62"));
  assert.deepEqual(decoder.decode(bytes("be")).fields, [["a", "b"]]);
  assert.throws(
    () => decoder.decode(bytes("20 be")),
    (thrown) => isSignetError(thrown, "http2.bad_hpack"),
  );
});

Deno.test("HpackDecoder does not add an entry that is larger than the table, and empties it (section 4.4)", () => {
  const decoder = decoderOf({ maxTableBytes: 64 });
  decoder.decode(bytes("40 01 61 01 62"));
  decoder.decode(concat(bytes("40 01 63 3c"), new Uint8Array(60).fill(0x64)));
  assert.throws(
    () => decoder.decode(bytes("be")),
    (thrown) => isSignetError(thrown, "http2.bad_hpack"),
  );
});

Deno.test("HpackDecoder says that a list is too large, keeps no more of it, and stays in step", () => {
  const decoder = decoderOf({ maxListBytes: 200 });
  const bomb = concat(
    bytes("40 01 61 7f 6d"),
    new Uint8Array(236).fill(0x62),
    new Uint8Array(10_000).fill(0xbe),
  );
  const { fields, tooLarge } = decoder.decode(bomb);
  assert.deepEqual([fields.length, tooLarge], [0, true]);
  assert.deepEqual(decoderOf({ maxListBytes: 200 }).decode(bytes("82")).tooLarge, false);
  const again = decoder.decode(bytes("82"));
  assert.deepEqual(again, { fields: [[":method", "GET"]], tooLarge: false });
});

Deno.test("HpackDecoder gives fields or http2.bad_hpack for every bit flip of a block", () => {
  for (const { tableBytes, blocks } of rfc) {
    for (const { block } of blocks) {
      assertBitFlipsCalm(
        bytes(block),
        (bent) => decoderOf({ maxTableBytes: tableBytes }).decode(bent),
      );
    }
  }
});

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
