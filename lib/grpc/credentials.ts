/** How the credentials of a call reach a service through Connect: one context value. */
import { type ContextValues, createContextKey, createContextValues } from "@connectrpc/connect";
import type { Credentials } from "../authn/mod.ts";

const NOBODY: Credentials = {
  remoteAddress: "unknown",
  secure: false,
  peer: undefined,
  headerValues: () => [],
};

const CREDENTIALS = createContextKey<Credentials>(NOBODY, { description: "credentials" });

/** Context values that carry `credentials`. */
export function withCredentials(credentials: Credentials): ContextValues {
  return createContextValues().set(CREDENTIALS, credentials);
}

/** The credentials of a call; those of nobody when the adapter set none. */
export function credentialsOf(values: ContextValues): Credentials {
  return values.get(CREDENTIALS);
}
