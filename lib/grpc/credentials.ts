/** How the credentials of a call, and the way to end it, reach a service through Connect: context values. */
import { type ContextValues, createContextKey, createContextValues } from "@connectrpc/connect";
import type { Credentials } from "../authn/mod.ts";

const NOBODY: Credentials = {
  remoteAddress: "unknown",
  secure: false,
  peer: undefined,
  headerValues: () => [],
};

const CREDENTIALS = createContextKey<Credentials>(NOBODY, { description: "credentials" });

const ABANDON = createContextKey<() => void>(() => {}, { description: "abandon" });

/** Context values that carry `credentials`, and how the call is ended at once. */
export function withCredentials(credentials: Credentials, abandon: () => void): ContextValues {
  return createContextValues().set(CREDENTIALS, credentials).set(ABANDON, abandon);
}

/** Ends a call at once, also while its answer waits for the peer to read. */
export function abandonOf(values: ContextValues): () => void {
  return values.get(ABANDON);
}

/** The credentials of a call; those of nobody when the adapter set none. */
export function credentialsOf(values: ContextValues): Credentials {
  return values.get(CREDENTIALS);
}
