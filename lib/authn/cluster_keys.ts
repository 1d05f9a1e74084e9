/**
 * The keys with which a cluster signs its service accounts' tokens, as its API server publishes them, and since when that server is away.
 *
 * They are fetched every half minute, so that a withdrawn key works no longer than that, and so that the beginning of an outage is known
 * even when nobody shows a token.
 */
import { type Clock, createTaskGroup, isSignetError, SignetError, sleep } from "../base/mod.ts";
import { asText, type KubeClient } from "../kube/mod.ts";
import { type IssuerKeys, type KeyVerdict, loadKeys, verifyWith } from "./issuer.ts";

/** Time between two fetches, in milliseconds. */
export const FETCH_KEYS_MS = 30_000;

/** Where every API server publishes them (OpenID Connect Discovery 1.0); every service account may read that unless it was taken away. */
const DISCOVERY_PATH = "/.well-known/openid-configuration";
const KEYS_PATH = "/openid/v1/jwks";

/** What the keys need of the world. */
export interface ClusterKeysHost {
  /** The API server. */
  readonly client: Pick<KubeClient, "request">;
  /** Time. */
  readonly clock: Clock;
  /** Told when fetching begins to fail, with why. */
  readonly onAway: (thrown: unknown) => void;
  /** Told when it works again. */
  readonly onBack: () => void;
}

/** The keys of a cluster; disposing it ends the fetches. */
export interface ClusterKeys extends AsyncDisposable {
  /** `iss` of the cluster's tokens; `undefined` before the first fetch that worked. */
  readonly issuer: string | undefined;
  /** How long ago the API server answered last, in milliseconds; infinite when it never did. */
  readonly awayMs: number;
  /** Says that the API server has just answered. */
  answered(): void;
  /** Checks a token's signature; `undefined` before the first fetch that worked. */
  verify(token: string): Promise<KeyVerdict | undefined>;
}

/** Begins to fetch. */
export function followClusterKeys(host: ClusterKeysHost): ClusterKeys {
  const { client, clock, onAway, onBack } = host;
  let known: { readonly issuer: string; readonly keys: IssuerKeys } | undefined;
  let answeredMs = -Infinity;
  let isAway = false;
  const answered = () => {
    answeredMs = clock.monotonicMs();
    if (isAway) onBack();
    isAway = false;
  };
  const fetchKeys = async (signal: AbortSignal) => {
    try {
      known = await load(client, signal);
      answered();
    } catch (thrown) {
      if (!isSignetError(thrown) || signal.aborted) throw thrown;
      if (!isAway) onAway(thrown);
      isAway = true;
    }
  };
  const tasks = createTaskGroup({ onError: (_name, thrown) => onAway(thrown) });
  tasks.run("fetch the cluster's keys", async (signal) => {
    for (;;) {
      await fetchKeys(signal);
      await sleep(clock, FETCH_KEYS_MS, { signal });
    }
  });
  return {
    get issuer() {
      return known?.issuer;
    },
    get awayMs() {
      return clock.monotonicMs() - answeredMs;
    },
    answered,
    verify: (token) =>
      known === undefined ? Promise.resolve(undefined) : verifyWith(token, known.keys),
    [Symbol.asyncDispose]: () => tasks[Symbol.asyncDispose](),
  };
}

async function load(
  client: Pick<KubeClient, "request">,
  signal: AbortSignal,
): Promise<{ readonly issuer: string; readonly keys: IssuerKeys }> {
  const discovery = await client.request({ path: DISCOVERY_PATH, signal });
  const issuer = asText(discovery["issuer"]);
  if (issuer === "") {
    throw new SignetError(
      "authn.issuer_unreachable",
      `Cannot use ${DISCOVERY_PATH} of the API server: it has no issuer`,
    );
  }
  // The addresses in the document are for others: the API server itself has both.
  const getJson = async (url: string) =>
    url.endsWith(DISCOVERY_PATH) ? discovery : await client.request({ path: KEYS_PATH, signal });
  return { issuer, keys: await loadKeys({ issuer, jwksUri: undefined }, { getJson }, signal) };
}
