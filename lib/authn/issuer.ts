/**
 * An issuer of ID tokens: where its keys are (OpenID Connect Discovery 1.0 section 4, or a given address), and checking a token's signature
 * with them (RFC 7515, by jose).
 */
import {
  compactVerify,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
} from "jose";
import { type Clock, messageOf, quote, SignetError } from "../base/mod.ts";
import type { DocumentClient } from "./client.ts";
import type { Claims } from "./id_token_claims.ts";
import { createKeyCache } from "./key_cache.ts";

/** Signature algorithms that an issuer may announce; none with a shared secret, and never none at all. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
/** What istiod allows when an issuer does not say. */
const DEFAULT_ALGORITHMS = ["RS256"];
/** Most keys of an issuer. */
const MAX_KEYS = 50;
/**
 * Keys that one token is tried with, when it names none or several have its ID: each is a signature to check, and anybody may send such
 * tokens. Issuers whose tokens name no key have one, and two while they change it.
 */
export const MAX_KEYS_TRIED = 4;

/** Keys of an issuer as they are cached, and the algorithms that may be used with them. */
export interface IssuerKeys {
  /** Finds the key of a token's header. */
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** Names of signature algorithms. */
  readonly algorithms: readonly string[];
}

/** What an issuer is known by. */
export interface IssuerConfig {
  /** Its name: `iss` of its tokens, and where discovery begins. */
  readonly issuer: string;
  /** Where its keys are; found by discovery when absent. */
  readonly jwksUri: string | undefined;
}

/** What an issuer needs of the world. */
export interface IssuerHost {
  /** Fetches its documents. */
  readonly documents: Pick<DocumentClient, "getJson">;
  /** Time. */
  readonly clock: Clock;
  /** Hears of every fetch of keys that succeeded. */
  readonly onLoaded: () => void;
  /** Hears of every fetch that failed. */
  readonly onFailure: (thrown: unknown) => void;
}

/** A token with a good signature, or why it has none. */
export type SignatureVerdict =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly reason: string };

/** An issuer. */
export interface Issuer extends AsyncDisposable {
  /** Fetches the keys now, for a start that depends on them. @throws {SignetError} `authn.issuer_unreachable`. */
  load(): Promise<void>;
  /** Checks a token's signature. @throws {SignetError} `authn.issuer_unreachable`. */
  verify(token: string): Promise<SignatureVerdict>;
}

/** The claims of a token whose signature is not checked, for refusing cheaply what could not be accepted; `undefined` when it is no JWT. */
export function peekClaims(token: string): Claims | undefined {
  try {
    return decodeJwt(token);
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return undefined;
    throw thrown;
  }
}

/** Makes an issuer; nothing is fetched before it is needed. */
export function createIssuer(config: IssuerConfig, host: IssuerHost): Issuer {
  const stop = new AbortController();
  const cache = createKeyCache<IssuerKeys>({
    ...host,
    load: () => loadKeys(config, host.documents, stop.signal),
  });
  return {
    async load() {
      await cache.keys();
    },
    async verify(token) {
      const keys = await cache.keys();
      const first = await verifyWith(token, keys);
      if (first.ok || !first.keyIsMissing) return first;
      const newer = await cache.newerThan(keys);
      return newer === undefined ? first : await verifyWith(token, newer);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("The server is stopping", "AbortError"));
      await cache[Symbol.asyncDispose]();
    },
  };
}

interface Header {
  readonly alg: string;
}

function protectedHeader(token: string): Header | undefined {
  try {
    const { alg } = decodeProtectedHeader(token);
    return typeof alg === "string" ? { alg } : undefined;
  } catch (thrown) {
    // jose tells a header that is no header by a TypeError.
    if (thrown instanceof errors.JOSEError || thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

/** A verdict that newer keys might change says so. */
export type KeyVerdict = SignatureVerdict & {
  /** True when newer keys might have the one. */
  readonly keyIsMissing?: boolean;
  /** True when there is a key of its ID, which did not make it. */
  readonly isForged?: boolean;
};

/** Checks a token's signature with these keys. */
export async function verifyWith(
  token: string,
  { find, algorithms }: IssuerKeys,
): Promise<KeyVerdict> {
  const header = protectedHeader(token);
  if (header === undefined) return { ok: false, reason: "it is not a signed JWT" };
  const { alg } = header;
  if (!algorithms.includes(alg)) {
    const reason = `alg is ${quote(alg)}, the issuer's are ${algorithms.join(", ")}`;
    return { ok: false, reason };
  }
  const options = { algorithms: [...algorithms] };
  try {
    const { payload } = await compactVerify(token, find, options);
    return claimsOf(payload);
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSMultipleMatchingKeys)) return judgeFailure(thrown);
    let tried = 0;
    for await (const key of thrown) {
      if (tried++ === MAX_KEYS_TRIED) {
        const reason =
          `several keys of the issuer fit it, and none of the first ${MAX_KEYS_TRIED} made its signature; its header should name one (kid)`;
        return { ok: false, reason, keyIsMissing: true };
      }
      try {
        return claimsOf((await compactVerify(token, key, options)).payload);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) {
          return judgeFailure(failure);
        }
      }
    }
    return { ok: false, reason: "no key of the issuer made its signature", keyIsMissing: true };
  }
}

function judgeFailure(thrown: unknown): KeyVerdict {
  if (thrown instanceof errors.JWKSNoMatchingKey) {
    return { ok: false, reason: "the issuer has no key of its kid and alg", keyIsMissing: true };
  }
  if (thrown instanceof errors.JWSSignatureVerificationFailed) {
    const reason = "its signature is not the key's";
    return { ok: false, reason, keyIsMissing: true, isForged: true };
  }
  if (thrown instanceof errors.JOSEError) return { ok: false, reason: thrown.message };
  throw thrown;
}

function claimsOf(payload: Uint8Array): KeyVerdict {
  try {
    const claims: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) {
      return { ok: true, claims: claims as Claims };
    }
  } catch {
    // Said below: the content is signed, and no object.
  }
  return { ok: false, reason: "its payload is no JSON object" };
}

/** Fetches an issuer's keys. @throws {SignetError} `authn.issuer_unreachable`. */
export async function loadKeys(
  { issuer, jwksUri }: IssuerConfig,
  documents: Pick<DocumentClient, "getJson">,
  signal: AbortSignal,
): Promise<IssuerKeys> {
  const { uri, algorithms } = jwksUri === undefined
    ? await discover(issuer, documents, signal)
    : { uri: jwksUri, algorithms: DEFAULT_ALGORITHMS };
  const keys = await documents.getJson(uri, { signal });
  const count = (keys as { readonly keys?: { readonly length?: unknown } } | null)?.keys?.length;
  if (typeof count !== "number" || count > MAX_KEYS) {
    throw bad(uri, `it should be a JSON Web Key Set of at most ${MAX_KEYS} keys`);
  }
  try {
    return { find: createLocalJWKSet(keys as JSONWebKeySet), algorithms };
  } catch (thrown) {
    throw bad(uri, messageOf(thrown), thrown);
  }
}

async function discover(
  issuer: string,
  documents: Pick<DocumentClient, "getJson">,
  signal: AbortSignal,
): Promise<{ readonly uri: string; readonly algorithms: readonly string[] }> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = await documents.getJson(url, { signal });
  const document = (typeof found === "object" && found !== null ? found : {}) as Readonly<
    Record<string, unknown>
  >;
  if (document["issuer"] !== issuer) {
    throw bad(url, `issuer is ${describe(document["issuer"])}, should be ${quote(issuer)}`);
  }
  const uri = document["jwks_uri"];
  const parsed = typeof uri === "string" ? URL.parse(uri) : null;
  if (parsed === null || !["https:", "http:"].includes(parsed.protocol)) {
    throw bad(url, `jwks_uri is ${describe(uri)}, should be an http or https URL`);
  }
  if (parsed.protocol === "http:" && issuer.startsWith("https:")) {
    throw bad(url, `jwks_uri is ${describe(uri)}, should be https as the issuer is`);
  }
  return {
    uri: parsed.href,
    algorithms: announced(document["id_token_signing_alg_values_supported"], url),
  };
}

function announced(list: unknown, url: string): readonly string[] {
  if (!Array.isArray(list)) return DEFAULT_ALGORITHMS;
  const usable = ALGORITHMS.filter((algorithm) => list.includes(algorithm));
  if (usable.length > 0) return usable;
  throw bad(url, `it announces no signature algorithm of ${ALGORITHMS.join(", ")}`);
}

function bad(url: string, what: string, cause?: unknown): SignetError {
  return new SignetError("authn.issuer_unreachable", `Cannot use ${quote(url)}: ${what}`, {
    cause,
  });
}

function describe(value: unknown): string {
  return value === undefined ? "missing" : quote(JSON.stringify(value));
}
