/** Every way to cut or bend an encoding by a little, and the claim that a decoder takes it calmly. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";

/** Asserts that `decode` returns or throws a SignetError. True when it returned. */
export function assertCalm(decode: () => unknown, what: string): boolean {
  try {
    decode();
    return true;
  } catch (thrown) {
    assert.ok(isSignetError(thrown), `${what}: ${thrown}`);
    return false;
  }
}

/** Asserts that every prefix of `bytes` is refused by a SignetError. */
export function assertTruncationsRefused(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): void {
  for (let length = 0; length < bytes.length; length++) {
    const accepted = assertCalm(() => decode(bytes.slice(0, length)), `${length} bytes`);
    assert.equal(accepted, false, `${length} of ${bytes.length} bytes were accepted`);
  }
}

/** Asserts that every flip of one bit gives a value or a SignetError. */
export function assertBitFlipsCalm(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): void {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assertCalm(() => decode(flipped), `bit ${bit}`);
  }
}

/** Asserts the same of every octet replaced by 00, 7f, 80, 81, 84 and ff: lengths and tags at their edges. */
export function assertOctetsCalm(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  for (let at = 0; at < bytes.length; at++) {
    for (const octet of [0x00, 0x7f, 0x80, 0x81, 0x84, 0xff]) {
      const bent = bytes.slice();
      bent[at] = octet;
      assertCalm(() => decode(bent), `octet ${at} as ${octet}`);
    }
  }
}
