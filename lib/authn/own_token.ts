/** The server's own token, of which `iss` and `aud` say who issues the tokens of its callers (istiod's RunCA). */
import { messageOf, SignetError } from "../base/mod.ts";

/** Where Kubernetes or an operator mounts it, relative to the working directory. */
export const OWN_TOKEN_PATH = "./var/run/secrets/tokens/istio-token";

/** What the own token says. */
export interface OwnToken {
  /** `iss`; empty when it has none. */
  readonly issuer: string;
  /** The first `aud`; empty when it has none. */
  readonly audience: string;
}

/**
 * Reads the payload of a token without checking it: it is our own.
 *
 * @throws {SignetError} `authn.bad_own_token`, which never holds the token.
 */
export function parseOwnToken(token: string): OwnToken {
  const parts = token.trim().split(".");
  if (parts.length !== 3) throw bad(`it has ${parts.length} parts, should have 3`);
  const claims = decodePayload(parts[1]!);
  const { iss, aud } = claims;
  const first = Array.isArray(aud) ? aud[0] : aud;
  return {
    issuer: typeof iss === "string" ? iss : "",
    audience: typeof first === "string" ? first : "",
  };
}

/** base64url with padding or without. */
function decodePayload(part: string): Readonly<Record<string, unknown>> {
  let claims: unknown;
  try {
    const bytes = Uint8Array.fromBase64(part.replace(/=+$/, ""), { alphabet: "base64url" });
    claims = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // A parser's message would repeat a piece of the token.
    throw bad("its payload is no JSON in base64url");
  }
  if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) {
    return claims as Readonly<Record<string, unknown>>;
  }
  throw bad("its payload is no JSON object");
}

function bad(what: string): SignetError {
  return new SignetError("authn.bad_own_token", `Cannot use ${OWN_TOKEN_PATH}: ${what}`);
}

/** The issuer and audiences of callers' tokens when the server runs outside a cluster. */
export function outOfClusterRules(
  configured: { readonly issuer: string; readonly audience: string },
  own: OwnToken | undefined,
): { readonly issuer: string; readonly audiences: readonly string[] } | undefined {
  const issuer = configured.issuer || (own?.issuer ?? "");
  const audience = configured.audience || (own?.audience ?? "");
  if (issuer === "") return undefined;
  return { issuer, audiences: audience === "" ? [] : [audience] };
}

/** Says why a token file could not be read. */
export function unreadableOwnToken(thrown: unknown): SignetError {
  return new SignetError(
    "authn.bad_own_token",
    `Cannot read ${OWN_TOKEN_PATH}: ${messageOf(thrown)}`,
    { cause: thrown },
  );
}
