/** What tests of providers share: refusals by code, and the orders of the groups. */
import assert from "node:assert/strict";
import { type ErrorCode, isSignetError } from "signet/base/mod.ts";

/** Asserts a refusal with one of `codes`, in one line; gives its message. */
export async function refusal(attempt: () => unknown, ...codes: ErrorCode[]): Promise<string> {
  let message = "";
  await assert.rejects(async () => await attempt(), (thrown) => {
    assert.ok(isSignetError(thrown, ...codes), String(thrown));
    message = thrown.message;
    return true;
  });
  assert.doesNotMatch(message, /\n/);
  return message;
}

/** Orders of the groups (SEC 2). */
export const ORDERS = {
  p256: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
  p384:
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  p521:
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
} as const;
