/** SPIFFE IDs and trust domains (The SPIFFE Identity and Verifiable Identity Document, section 2). */
import { quote, SignetError } from "../base/mod.ts";

/** A URI that {@linkcode parseSpiffeId} accepted. */
export type SpiffeId = string & { readonly brand: "SpiffeId" };
/** A name that {@linkcode parseTrustDomain} accepted. */
export type TrustDomain = string & { readonly brand: "TrustDomain" };

/** What every SPIFFE ID begins with; upper case is not accepted, as in go-spiffe. */
export const SPIFFE_SCHEME = "spiffe://";
/** Longest SPIFFE ID in bytes (section 2.3). */
export const MAX_SPIFFE_ID_BYTES = 2048;
/** Longest trust domain in bytes (section 2.3). */
export const MAX_TRUST_DOMAIN_BYTES = 255;

const TRUST_DOMAIN_REGEXP = /^[a-z0-9._-]+$/;
const SEGMENT_REGEXP = /^[A-Za-z0-9._-]+$/;

/**
 * Parses a trust domain: 1 to 255 of `a-z`, `0-9`, `.`, `-`, `_`.
 *
 * @throws {SignetError} `spiffe.bad_trust_domain`.
 */
export function parseTrustDomain(text: string): TrustDomain {
  if (text.length <= MAX_TRUST_DOMAIN_BYTES && TRUST_DOMAIN_REGEXP.test(text)) {
    return text as TrustDomain;
  }
  throw new SignetError(
    "spiffe.bad_trust_domain",
    `Cannot parse trust domain: ${
      quote(text)
    } should be 1 to ${MAX_TRUST_DOMAIN_BYTES} of a-z, 0-9, ".", "-" and "_"`,
  );
}

/** The trust domain with `@` written as `.`, as istiod does with names of Google service accounts. */
export function sanitizeTrustDomain(text: string): string {
  return text.replaceAll("@", ".");
}

/** The parts of a SPIFFE ID. */
export interface SpiffeIdParts {
  /** The whole ID. */
  readonly id: SpiffeId;
  /** Its trust domain. */
  readonly trustDomain: TrustDomain;
  /** Segments of its path; empty for the ID of a trust domain. */
  readonly segments: readonly string[];
}

/**
 * Parses a SPIFFE ID.
 *
 * @throws {SignetError} `spiffe.bad_id`, `spiffe.bad_trust_domain`.
 */
export function parseSpiffeId(text: string): SpiffeIdParts {
  if (text.length > MAX_SPIFFE_ID_BYTES) {
    throw badId(text, `has ${text.length} characters, should have at most ${MAX_SPIFFE_ID_BYTES}`);
  }
  if (!text.startsWith(SPIFFE_SCHEME)) throw badId(text, `should begin with ${SPIFFE_SCHEME}`);
  const [authority, ...segments] = text.slice(SPIFFE_SCHEME.length).split("/");
  const trustDomain = parseTrustDomain(authority!);
  for (const segment of segments) {
    if (!SEGMENT_REGEXP.test(segment) || segment === "." || segment === "..") {
      throw badId(
        text,
        'has a path segment that is empty, ".", ".." or of other characters than A-Z, a-z, 0-9, ".", "-" and "_"',
      );
    }
  }
  return { id: text as SpiffeId, trustDomain, segments };
}

function badId(text: string, what: string): SignetError {
  return new SignetError("spiffe.bad_id", `Cannot parse SPIFFE ID: ${quote(text)} ${what}`);
}
