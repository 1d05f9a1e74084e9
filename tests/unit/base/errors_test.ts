import assert from "node:assert/strict";
import {
  concatBytes,
  constantTimeEqual,
  equalBytes,
  fromUtf8,
  isSignetError,
  messageOf,
  quote,
  SignetError,
  unreachable,
  utf8,
} from "signet/base/mod.ts";

Deno.test("SignetError carries code, message, cause, offset and fields", () => {
  const cause = new Error("below");
  const error = new SignetError("asn1.truncated", "Cannot read DER: it ends", {
    cause,
    offset: 7,
    fields: { bytes: 3 },
  });
  assert.ok(error instanceof Error);
  assert.equal(error.name, "SignetError");
  assert.equal(error.code, "asn1.truncated");
  assert.equal(error.cause, cause);
  assert.equal(error.offset, 7);
  assert.deepEqual(error.fields, { bytes: 3 });
  assert.match(String(error), /^SignetError: Cannot read DER: it ends$/);
});

Deno.test("SignetError without options has none: a cause of undefined is no cause", () => {
  const error = new SignetError("ca.not_ready", "x");
  assert.equal("cause" in error, false);
  assert.equal(error.offset, undefined);
  assert.deepEqual(error.fields, {});
});

Deno.test("isSignetError() tells by class and code", () => {
  const error = new SignetError("ca.csr_error", "x");
  assert.ok(isSignetError(error));
  assert.ok(isSignetError(error, "ca.csr_error"));
  assert.ok(isSignetError(error, "ca.ttl_error", "ca.csr_error"));
  assert.ok(!isSignetError(error, "ca.ttl_error"));
  for (const other of [new Error("x"), { code: "ca.csr_error" }, undefined, null, "ca.csr_error"]) {
    assert.ok(!isSignetError(other));
  }
});

Deno.test("quote() escapes what would break a line and cuts what is long", () => {
  assert.equal(quote("plain"), '"plain"');
  assert.equal(quote('a"b\n'), String.raw`"a\"b\n"`);
  assert.equal(quote("a".repeat(200)), `"${"a".repeat(200)}"`);
  assert.equal(quote("a".repeat(201)), `"${"a".repeat(200)}..."`);
  assert.ok(quote("\u0001".repeat(1_000_000)).length < 1500);
});

Deno.test("messageOf() has words for whatever is thrown", () => {
  assert.equal(messageOf(new TypeError("a")), "a");
  assert.equal(messageOf("text"), "text");
  assert.equal(messageOf(undefined), "undefined");
  assert.equal(messageOf(null), "null");
  assert.equal(messageOf(7), "7");
});

Deno.test("unreachable() throws a bug, with what it got", () => {
  assert.throws(() => unreachable("x" as never), /Unreachable case: got "x"/);
});

Deno.test("concatBytes() joins into fresh bytes", () => {
  const part = Uint8Array.of(1, 2);
  const joined = concatBytes([part, new Uint8Array(), Uint8Array.of(3)]);
  assert.deepEqual([...joined], [1, 2, 3]);
  part[0] = 9;
  assert.equal(joined[0], 1);
  assert.equal(concatBytes([]).length, 0);
  assert.notEqual(concatBytes([part]).buffer, part.buffer);
});

Deno.test("equalBytes() and constantTimeEqual() agree on everything", () => {
  const samples = [
    "",
    "00",
    "01",
    "0000",
    "0001",
    "0100",
    "ff".repeat(100),
    `${"ff".repeat(99)}fe`,
  ];
  for (const left of samples) {
    for (const right of samples) {
      const [a, b] = [Uint8Array.fromHex(left), Uint8Array.fromHex(right)];
      assert.equal(equalBytes(a, b), left === right, `${left} ${right}`);
      assert.equal(constantTimeEqual(a, b), left === right, `${left} ${right}`);
    }
  }
  const whole = Uint8Array.of(1, 2, 3, 4);
  assert.ok(equalBytes(whole.subarray(1, 3), Uint8Array.of(2, 3)));
});

Deno.test("utf8() and fromUtf8() are each other's way back; malformed bytes become U+FFFD", () => {
  for (const text of ["", "a", "Zürich", "東京", "😀"]) assert.equal(fromUtf8(utf8(text)), text);
  assert.equal(fromUtf8(Uint8Array.of(0x61, 0xff, 0x62)), "a\ufffdb");
  assert.equal(fromUtf8(utf8("\ud800")), "\ufffd");
});
