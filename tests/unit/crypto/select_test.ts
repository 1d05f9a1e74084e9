import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { isSignetError } from "signet/base/mod.ts";
import {
  keyIdentifier,
  LIBCRYPTO_PATHS,
  randomBytes,
  selectProvider,
  sha256,
} from "signet/crypto/mod.ts";

Deno.test("selectProvider() takes Web Crypto when no library of the list opens, and says why", async () => {
  const paths = ["/nowhere/libcrypto.so.3", "/etc/hostname"];
  const { provider, refused } = await selectProvider("auto", paths);
  assert.equal(provider.name, "webcrypto");
  assert.deepEqual(refused.map(({ path }) => path), paths);
  for (const { reason } of refused) assert.notEqual(reason, "");
});

Deno.test("selectProvider() of openssl fails without a library, naming the paths and the way out", async () => {
  await assert.rejects(selectProvider("openssl", ["/nowhere/libcrypto.so.3"]), (thrown) => {
    assert.ok(isSignetError(thrown, "crypto.unavailable"));
    assert.match(thrown.message, /--cryptoProvider.*\/nowhere\/libcrypto\.so\.3.*choose auto/);
    return true;
  });
});

Deno.test("selectProvider() of webcrypto opens no library", async () => {
  const { provider, refused } = await selectProvider("webcrypto");
  assert.equal(provider.name, "webcrypto");
  assert.deepEqual(refused, []);
});

Deno.test("LIBCRYPTO_PATHS holds absolute paths alone: a bare name is looked up in the working directory", () => {
  assert.ok(LIBCRYPTO_PATHS.length > 0);
  for (const path of LIBCRYPTO_PATHS) {
    assert.match(path, /^\/(usr\/)?lib(64)?\/.*libcrypto\.so\.3$/);
  }
});

Deno.test("randomBytes() gives each byte once, in pieces of every length", () => {
  assert.equal(randomBytes(0).length, 0);
  for (const length of [1, 16, 4095, 4096, 4097, 70_000 - 5000]) {
    const bytes = randomBytes(length);
    assert.equal(bytes.length, length);
    // A run of 16 zeros comes once in 2^128: it would be a piece of the pool that was already given out.
    assert.doesNotMatch(bytes.toHex(), /^(?:..)*(?:00){16}/);
  }
  const seen = new Set(Array.from({ length: 5000 }, () => randomBytes(16).toHex()));
  assert.equal(seen.size, 5000);
});

Deno.test("randomBytes() fills every bit", () => {
  const ones = new Uint32Array(128);
  for (let n = 0; n < 4000; n++) {
    const bytes = randomBytes(16);
    for (let bit = 0; bit < 128; bit++) ones[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1;
  }
  // 4000 throws of a coin: outside of 1700 to 2300 is 9.5 standard deviations away.
  for (const [bit, count] of ones.entries()) {
    assert.ok(count > 1700 && count < 2300, `bit ${bit} was set ${count} times of 4000`);
  }
});

Deno.test("sha256() and keyIdentifier() agree with node", () => {
  for (const length of [0, 1, 55, 56, 64, 1000]) {
    const data = new Uint8Array(length).fill(length);
    const expected = createHash("sha256").update(data).digest("hex");
    assert.equal(sha256(data).toHex(), expected);
    assert.equal(keyIdentifier(data).toHex(), expected.slice(0, 40));
  }
});
