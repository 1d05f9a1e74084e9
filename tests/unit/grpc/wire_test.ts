/** The small parts of gRPC's wire: timeouts, statuses, messages, gzip. */
import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { SignetError } from "signet/base/mod.ts";
import { GZIP } from "../../../lib/grpc/compression.ts";
import { codeName, signingFailure } from "../../../lib/grpc/status.ts";
import { parseTimeoutMs } from "../../../lib/grpc/timeout.ts";
import { percentEncode, trailersOnly } from "../../../lib/grpc/trailers_only.ts";

Deno.test("parseTimeoutMs() reads every unit", async (t) => {
  const rows: readonly (readonly [string, number])[] = [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["4m", 4],
    ["5000u", 5],
    ["6000000n", 6],
    ["0S", 0],
    ["00000001S", 1000],
    ["99999999H", 359_999_996_400_000],
  ];
  for (const [text, ms] of rows) {
    await t.step(text, () => assert.ok(Math.abs(parseTimeoutMs(text)! - ms) < 1e-6));
  }
});

Deno.test("parseTimeoutMs() refuses what is no timeout", async (t) => {
  const bad = [
    "",
    "1",
    "S",
    "123456789S",
    "-1S",
    "+1S",
    "1.5S",
    "1s",
    "1h",
    " 1S",
    "1S ",
    "1SS",
    "1e3S",
    "１S",
  ];
  for (const text of bad) {
    await t.step(JSON.stringify(text), () => assert.equal(parseTimeoutMs(text), undefined));
  }
});

Deno.test("percentEncode() lets printable ASCII pass and encodes the rest, bytewise", async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["", ""],
    ["plain text: ~!", "plain text: ~!"],
    ["100%", "100%25"],
    ["a\nb", "a%0Ab"],
    ["\r\0\x7f", "%0D%00%7F"],
    ["ü", "%C3%BC"],
    ["😀", "%F0%9F%98%80"],
  ];
  for (const [text, expected] of rows) {
    await t.step(JSON.stringify(text), () => {
      assert.equal(percentEncode(text), expected);
      assert.equal(decodeURIComponent(expected), text);
    });
  }
  assert.equal(percentEncode("\ud800"), "%EF%BF%BD");
});

Deno.test("trailersOnly() is one header block with status and message", () => {
  assert.deepEqual(trailersOnly(Code.Unimplemented, "no\nsuch"), [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", "12"],
    ["grpc-message", "no%0Asuch"],
  ]);
});

Deno.test("signingFailure() gives each of the CA's errors istiod's status, text and label", async (t) => {
  const rows = [
    ["ca.not_ready", Code.Internal, "CA_NOT_READY", false],
    ["ca.csr_error", Code.InvalidArgument, "CSR_ERROR", true],
    ["ca.ttl_error", Code.InvalidArgument, "TTL_ERROR", true],
    ["ca.cert_gen_error", Code.Internal, "CERT_GEN_ERROR", false],
  ] as const;
  for (const [code, status, metric, callerAtFault] of rows) {
    await t.step(code, () => {
      const thrown = new SignetError(code, "the detail");
      const failure = signingFailure(thrown);
      assert.equal(failure.error.code, status);
      assert.equal(failure.error.rawMessage, "CSR signing error (the detail)");
      assert.equal(failure.error.cause, thrown);
      assert.equal(failure.metric, metric);
      assert.equal(failure.callerAtFault, callerAtFault);
    });
  }
});

Deno.test("signingFailure() says nothing of errors that are none of the CA's", () => {
  const secret = "/var/lib/signet/ca/current/ca-key.pem";
  const foreign = [
    new SignetError("store.unreadable", secret),
    new SignetError("crypto.failed", secret),
    new TypeError(secret),
    secret,
    undefined,
  ];
  for (const thrown of foreign) {
    const { error, metric, callerAtFault } = signingFailure(thrown);
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.Internal);
    assert.ok(!error.message.includes(secret));
    assert.equal(metric, "UNKNOWN");
    assert.equal(callerAtFault, false);
  }
});

Deno.test("codeName() spells codes as grpc-go's metrics do", () => {
  assert.equal(codeName(0), "OK");
  assert.equal(codeName(Code.InvalidArgument), "InvalidArgument");
  assert.equal(codeName(Code.Unauthenticated), "Unauthenticated");
  assert.equal(codeName(99 as Code), "Unknown");
});

Deno.test("GZIP is node's gzip, both ways", async () => {
  const data = new TextEncoder().encode("signet ".repeat(1000));
  assert.deepEqual(new Uint8Array(gunzipSync(await GZIP.compress(data))), data);
  assert.deepEqual(await GZIP.decompress(new Uint8Array(gzipSync(data)), 10_000), data);
  assert.equal((await GZIP.decompress(new Uint8Array(), 10)).length, 0);
});

Deno.test("GZIP inflates to its limit and not a byte further", async () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(10_000_000)));
  assert.ok(bomb.length < 20_000);
  await assert.rejects(
    GZIP.decompress(bomb, 1_000_000),
    (thrown) => thrown instanceof ConnectError && thrown.code === Code.ResourceExhausted,
  );
  assert.equal((await GZIP.decompress(bomb, 10_000_000)).length, 10_000_000);
});

Deno.test("GZIP refuses what is no gzip, and what is cut", async (t) => {
  const good = new Uint8Array(gzipSync(new Uint8Array(1000)));
  const rows: Readonly<Record<string, Uint8Array>> = {
    "text": new TextEncoder().encode("hello"),
    "a cut one": good.slice(0, -5),
    "a wrong checksum": good.map((byte, at) => at === good.length - 6 ? byte ^ 1 : byte),
    "a header alone": good.slice(0, 10),
  };
  for (const [name, bytes] of Object.entries(rows)) {
    await t.step(name, async () => {
      await assert.rejects(
        GZIP.decompress(bytes, 10_000),
        (thrown) => thrown instanceof ConnectError && thrown.code === Code.InvalidArgument,
      );
    });
  }
});
