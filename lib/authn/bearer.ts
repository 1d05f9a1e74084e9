/** The bearer token of a request (RFC 6750 section 2.1), found as istiod finds it. */
import type { Credentials } from "./port.ts";

/** Case matters to istiod, whatever RFC 7235 says. */
const PREFIX = "Bearer ";

/** The first `authorization` value with the prefix `Bearer `; values of other schemes are passed over. */
export function bearerToken(credentials: Credentials): string | undefined {
  for (const value of credentials.headerValues("authorization")) {
    if (value.startsWith(PREFIX)) return value.slice(PREFIX.length);
  }
  return undefined;
}
