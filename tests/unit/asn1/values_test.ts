import assert from "node:assert/strict";
import fc from "fast-check";

import {
  type DerCursor,
  encodeBitString,
  encodeBoolean,
  encodeNamedBits,
  encodeOid,
  encodeSet,
  encodeSmallInteger,
  encodeTime,
  encodeUnsigned,
  readBitString,
  readBoolean,
  readDer,
  readIntegerBytes,
  readNamedBits,
  readOid,
  readSmallInteger,
  readTime,
  readUnsigned,
} from "signet/asn1/mod.ts";
import { isSignetError } from "signet/base/mod.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

Deno.test("primitive values that DER forbids are refused", async (t) => {
  const table: readonly (readonly [string, string, (cursor: DerCursor) => unknown])[] = [
    ["BOOLEAN 01", "01 01 01", readBoolean],
    ["BOOLEAN of two octets", "01 02 ff ff", readBoolean],
    ["empty BOOLEAN", "01 00", readBoolean],
    ["empty INTEGER", "02 00", readIntegerBytes],
    ["INTEGER with a leading zero", "02 02 00 7f", readIntegerBytes],
    ["INTEGER with a leading ff", "02 02 ff 80", readIntegerBytes],
    ["negative unsigned", "02 01 80", readUnsigned],
    ["negative small", "02 01 ff", readSmallInteger],
    ["small above 2^31", "02 05 00 80 00 00 00", readSmallInteger],
    ["empty BIT STRING", "03 00", readBitString],
    ["BIT STRING with unused bits", "03 02 01 fe", readBitString],
    ["named bits with 8 unused", "03 02 08 00", readNamedBits],
    ["named bits with set unused bits", "03 02 01 01", readNamedBits],
    ["no named bits but unused ones", "03 01 01", readNamedBits],
    ["three octets of named bits", "03 04 00 01 01 01", readNamedBits],
    ["empty OBJECT IDENTIFIER", "06 00", readOid],
    ["cut OBJECT IDENTIFIER", "06 02 2a 86", readOid],
    ["OBJECT IDENTIFIER with a leading 80", "06 03 2a 80 01", readOid],
    ["OBJECT IDENTIFIER with a huge arc", `06 0b 2a ${"ff".repeat(9)} 7f`, readOid],
    ["UTCTime without seconds", "17 0b 3236303130313030303030 5a".replace(/ /g, ""), readTime],
    ["UTCTime with an offset", `17 11 ${ascii("260101000000+0000")}`, readTime],
    ["UTCTime on 30 February", `17 0d ${ascii("260230000000Z")}`, readTime],
    ["UTCTime at second 60", `17 0d ${ascii("260101000060Z")}`, readTime],
    ["GeneralizedTime with a fraction", `18 11 ${ascii("20260101000000.5Z")}`, readTime],
    ["GeneralizedTime in local time", `18 0e ${ascii("20260101000000")}`, readTime],
  ];
  for (const [what, bytes, read] of table) {
    await t.step(what, () => {
      assert.throws(
        () => read(readDer(hex(bytes))),
        (thrown) => isSignetError(thrown, "asn1.bad_value", "asn1.truncated"),
      );
    });
  }
});

function ascii(text: string): string {
  return new TextEncoder().encode(text).toHex();
}

Deno.test("encodeOid() writes X.690's own examples and more", async (t) => {
  const table = [
    ["2.999.3", "06 03 88 37 03"],
    ["1.2.840.113549.1.1.11", "06 09 2a 86 48 86 f7 0d 01 01 0b"],
    ["2.5.29.17", "06 03 55 1d 11"],
    ["0.9.2342.19200300.100.1.25", "06 0a 09 92 26 89 93 f2 2c 64 01 19"],
  ] as const;
  for (const [text, bytes] of table) {
    await t.step(text, () => {
      assert.deepEqual(encodeOid(text), hex(bytes));
      assert.equal(readOid(readDer(hex(bytes))), text);
    });
  }
});

Deno.test("encodeTime() changes from UTCTime to GeneralizedTime in 2050", async (t) => {
  const table = [
    ["1949-12-31T23:59:59Z", `180f${ascii("19491231235959Z")}`],
    ["1950-01-01T00:00:00Z", `170d${ascii("500101000000Z")}`],
    ["1999-12-31T23:59:59Z", `170d${ascii("991231235959Z")}`],
    ["2000-02-29T12:34:56Z", `170d${ascii("000229123456Z")}`],
    ["2049-12-31T23:59:59Z", `170d${ascii("491231235959Z")}`],
    ["2050-01-01T00:00:00Z", `180f${ascii("20500101000000Z")}`],
    ["9999-12-31T23:59:59Z", `180f${ascii("99991231235959Z")}`],
  ] as const;
  for (const [iso, bytes] of table) {
    await t.step(iso, () => {
      assert.equal(encodeTime(Date.parse(iso)).toHex(), bytes);
      assert.equal(readTime(readDer(hex(bytes))), Date.parse(iso));
    });
  }
});

Deno.test("encodeTime() refuses the year 10000 and what is not a time", () => {
  for (const ms of [253_402_300_800_000, NaN, Infinity]) {
    assert.throws(() => encodeTime(ms), (thrown) => isSignetError(thrown, "asn1.bad_value"));
  }
});

Deno.test("encodeTime() drops milliseconds, before 1970 too", () => {
  assert.deepEqual(encodeTime(1_999), encodeTime(1_000));
  assert.deepEqual(encodeTime(-1), encodeTime(-1_000));
});

Deno.test("values read back as they were written", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    fc.uint8Array({ minLength: 1, maxLength: 24 }),
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
    fc.boolean(),
    (small, bytes, bits, seconds, flag) => {
      assert.equal(readSmallInteger(readDer(encodeSmallInteger(small))), small);
      const magnitude = readUnsigned(readDer(encodeUnsigned(bytes)));
      assert.equal(BigInt(`0x${magnitude.toHex()}`), BigInt(`0x${bytes.toHex()}`));
      assert.deepEqual(readBitString(readDer(encodeBitString(bytes))), bytes);
      assert.equal(readNamedBits(readDer(encodeNamedBits(bits))), bits);
      assert.equal(readTime(readDer(encodeTime(seconds * 1000))), seconds * 1000);
      assert.equal(readBoolean(readDer(encodeBoolean(flag))), flag);
    },
  ));
});

Deno.test("encodeNamedBits() leaves trailing zeros out", () => {
  assert.equal(encodeNamedBits(0b1).toHex(), "03020780");
  assert.equal(encodeNamedBits(0b1100000).toHex(), "03020106");
  assert.equal(encodeNamedBits(0b100000001).toHex(), "0303078080");
});

Deno.test("encodeSet() sorts its members as DER asks", () => {
  const [one, two] = [encodeSmallInteger(1), encodeSmallInteger(2)];
  assert.deepEqual(encodeSet(two, one), encodeSet(one, two));
});
