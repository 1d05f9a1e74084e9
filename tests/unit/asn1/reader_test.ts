import assert from "node:assert/strict";
import fc from "fast-check";

import {
  encodeSequence,
  encodeTlv,
  MAX_DER_BYTES,
  MAX_DER_DEPTH,
  readDer,
  TAG,
  tlvOctets,
} from "signet/asn1/mod.ts";
import { type ErrorCode, isSignetError } from "signet/base/mod.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

Deno.test("readDer() refuses what is not DER, by code", async (t) => {
  const table: readonly (readonly [string, string, ErrorCode])[] = [
    ["nothing", "", "asn1.truncated"],
    ["a tag alone", "30", "asn1.truncated"],
    ["another tag", "31 00", "asn1.bad_tag"],
    ["an indefinite length", "30 80 00 00", "asn1.bad_length"],
    ["a long form below 128", "30 81 01 00", "asn1.bad_length"],
    ["a length with a leading zero", `30 82 00 80 ${"00".repeat(128)}`, "asn1.bad_length"],
    ["a length of five octets", "30 85 01 00 00 00 00", "asn1.bad_length"],
    ["the reserved length", "30 ff", "asn1.bad_length"],
    ["a cut length", "30 82 01", "asn1.truncated"],
    ["4 GiB", "30 84 ff ff ff ff", "asn1.truncated"],
    ["one octet too few", "30 02 05", "asn1.truncated"],
    ["bytes after the value", "30 00 00", "asn1.trailing_bytes"],
  ];
  for (const [what, bytes, code] of table) {
    await t.step(what, () => {
      const decode = () => {
        const cursor = readDer(hex(bytes));
        cursor.read(TAG.sequence);
        cursor.finish();
      };
      assert.throws(decode, (thrown) => isSignetError(thrown, code));
    });
  }
});

Deno.test("readDer() refuses a tag of several octets", () => {
  assert.throws(
    () => readDer(hex("1f 81 00 00")).readAny(),
    (thrown) => isSignetError(thrown, "asn1.bad_tag"),
  );
});

Deno.test("readDer() names the offset of the fault", () => {
  const cursor = readDer(hex("30 03 02 01 05")).enter(TAG.sequence);
  cursor.read(TAG.integer);
  assert.throws(
    () => cursor.read(TAG.integer),
    (thrown) => isSignetError(thrown, "asn1.truncated") && thrown.offset === 5,
  );
});

Deno.test("readDer() refuses an input above its limit before it looks at it", () => {
  assert.throws(
    () => readDer(new Uint8Array(MAX_DER_BYTES + 1)),
    (thrown) => isSignetError(thrown, "asn1.too_large"),
  );
});

Deno.test("enter() refuses to nest deeper than the limit", () => {
  let nested = encodeSequence();
  for (let i = 0; i < MAX_DER_DEPTH; i++) nested = encodeSequence(nested);
  let cursor = readDer(nested);
  for (let i = 0; i < MAX_DER_DEPTH; i++) cursor = cursor.enter(TAG.sequence);
  assert.throws(
    () => cursor.enter(TAG.sequence),
    (thrown) => isSignetError(thrown, "asn1.too_deep"),
  );
});

Deno.test("read() returns views into the input", () => {
  const bytes = hex("04 02 aa bb");
  const content = readDer(bytes).read(TAG.octetString);
  assert.equal(content.buffer, bytes.buffer);
  assert.equal(content.byteOffset, bytes.byteOffset + 2);
});

Deno.test("read() returns what encodeTlv() wrote, of every length", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 70_000 }), (length) => {
    const value = encodeTlv(TAG.octetString, new Uint8Array(length).fill(7));
    assert.equal(value.length, tlvOctets(length));
    const cursor = readDer(value);
    assert.equal(cursor.read(TAG.octetString).length, length);
    cursor.finish();
  }));
});

Deno.test("readAny() takes any bytes calmly", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    try {
      const cursor = readDer(bytes);
      while (!cursor.done) cursor.readAny();
    } catch (thrown) {
      assert.ok(isSignetError(thrown), String(thrown));
    }
  }));
});
