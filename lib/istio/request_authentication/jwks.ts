/** A key set in a document (RFC 7517): a set or a single key, each with the members that its type needs. */
import { messageOf, quote } from "../../base/mod.ts";

/** Members of each type of key that are base64url (RFC 7518 section 6), and those that are names. */
const MEMBERS: Readonly<
  Record<string, { readonly octets: readonly string[]; readonly name?: "crv" }>
> = {
  RSA: { octets: ["n", "e"] },
  EC: { octets: ["x", "y"], name: "crv" },
  OKP: { octets: ["x"], name: "crv" },
  oct: { octets: ["k"] },
};
/** Members that are base64url wherever they stand, and those that are texts. */
const OCTETS = ["n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y", "k"];
const TEXTS = ["kid", "use", "alg", "crv", "x5u", "x5t", "x5t#S256"];
/** Either alphabet of RFC 4648, padded or not. */
const BASE64_REGEXP = /^(?:[A-Za-z0-9_-]*|[A-Za-z0-9+/]*)={0,2}$/;

type Jwk = Readonly<Record<string, unknown>>;

/** What is wrong with a key set. */
export function jwksFault(text: string): string | undefined {
  try {
    for (const key of keysOf(text)) {
      const wrong = keyFault(key);
      if (wrong !== undefined) return `jwks parse error: ${wrong}`;
    }
    return undefined;
  } catch (thrown) {
    return `jwks parse error: ${messageOf(thrown)}`;
  }
}

/** The places in a key set that hold what should be kept secret. */
export function privateKeys(text: string): readonly number[] {
  if (jwksFault(text) !== undefined) return [];
  return keysOf(text).flatMap(({ kty, d }, index) =>
    kty === "oct" || d !== undefined ? [index] : []
  );
}

function keysOf(text: string): readonly Jwk[] {
  const value = JSON.parse(text) as Jwk;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [{ kty: "none" }];
  }
  const { keys } = value;
  if (keys === undefined) return [value];
  return Array.isArray(keys) ? keys as readonly Jwk[] : [{ kty: "none" }];
}

function keyFault(key: Jwk): string | undefined {
  const kty = typeof key === "object" && key !== null ? key["kty"] : undefined;
  const members = typeof kty === "string" && Object.hasOwn(MEMBERS, kty) ? MEMBERS[kty] : undefined;
  if (members === undefined) return `invalid key type ${quote(String(kty))}`;
  const { octets, name } = members;
  const missing = [...octets, ...(name === undefined ? [] : [name])]
    .find((member) => key[member] === undefined || key[member] === "");
  if (missing !== undefined) return `required field ${missing} is missing`;
  const wrong = OCTETS.find((member) => key[member] !== undefined && !isBase64(key[member]));
  if (wrong !== undefined) return `field ${wrong} is not base64url`;
  const untold = TEXTS.find((member) =>
    key[member] !== undefined && typeof key[member] !== "string"
  );
  return untold === undefined ? undefined : `field ${untold} is not a text`;
}

function isBase64(value: unknown): boolean {
  return typeof value === "string" && BASE64_REGEXP.test(value) &&
    value.replace(/=+$/, "").length % 4 !== 1;
}
