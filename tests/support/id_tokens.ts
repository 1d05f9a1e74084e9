/** ID tokens and an issuer's documents, made with jose. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** A key of an issuer. */
export interface IssuerKey {
  /** Its ID. */
  readonly kid: string;
  /** Its algorithm. */
  readonly alg: string;
  /** Signs. */
  readonly privateKey: CryptoKey;
  /** As it stands in a key set. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** Makes a key. */
export async function makeIssuerKey(kid: string, alg = "RS256"): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...await exportJWK(publicKey), kid, alg, use: "sig" };
  return { kid, alg, privateKey, jwk };
}

/** The claims of a good token of `issuer` for audience `istio-ca`. */
export function goodClaims(issuer: string, nowMs: number): JWTPayload {
  return {
    iss: issuer,
    aud: ["istio-ca"],
    sub: "system:serviceaccount:ns-a:sa-b",
    exp: Math.floor(nowMs / 1000) + 600,
  };
}

/** Signs claims; a header field given as `undefined` is left out. */
export async function signToken(
  key: IssuerKey,
  claims: JWTPayload,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const given = { alg: key.alg, kid: key.kid, typ: "JWT", ...header };
  const kept = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return await new SignJWT(claims).setProtectedHeader(kept as { alg: string }).sign(key.privateKey);
}

/** Text in base64url without padding. */
export function base64Url(text: string | Uint8Array): string {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
