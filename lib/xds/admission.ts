/**
 * Who may open a stream, in istiod's order and words: a turn, a credential, a node, and the two of them together.
 *
 * The texts are what agents and Envoys show their operators; the reason of a failed authentication goes to the log alone.
 */
import {
  authenticate,
  type Authenticator,
  type AuthOutcome,
  type Credentials,
} from "../authn/mod.ts";
import { type Clock, isSignetError, sleep } from "../base/mod.ts";
import { createRateLimiter, type RateLimiter } from "../limits/mod.ts";
import { type NodeFacts, parseNode, type Proxy } from "../mesh/mod.ts";
import { parseWorkloadIdentity } from "../spiffe/mod.ts";
import { MAX_NODE_BYTES, MAX_TURN_WAIT_MS } from "./limits.ts";
import type { EndStatus, XdsConfig } from "./port.ts";

/** A refusal: what the client is told, and the reason for the log where that says more. */
export interface Refusal {
  /** Always false. */
  readonly ok: false;
  /** The status. */
  readonly status: EndStatus;
  /** The text for the client. */
  readonly text: string;
  /** The whole reason. */
  readonly reason: string;
}

/** Identities of a caller; none on a plaintext connection. */
export type Authenticated = { readonly ok: true; readonly identities: readonly string[] } | Refusal;

/** A proxy that may be configured. */
export type Admitted = { readonly ok: true; readonly proxy: Proxy } | Refusal;

/** Makes a refusal. */
export function refusal(status: EndStatus, text: string, reason = text): Refusal {
  return { ok: false, status, text, reason };
}

/** The rate at which streams may be opened, and at which pushes are begun, on a machine of so many processors. */
export function rateOf(configured: number | undefined, processors: number): number {
  return configured ?? Math.min(15 + 5 * processors, 100);
}

/** Turns of new streams. */
export interface Turns {
  /** Waits for a turn, up to a second; a refusal when none comes. */
  take(signal: AbortSignal): Promise<Refusal | undefined>;
}

/** Makes the turns of a server: one stream at a time, so many a second. */
export function createTurns(perSecond: number, clock: Clock): Turns {
  const limiter: RateLimiter = createRateLimiter({ perSecond, burst: 1 });
  return {
    async take(signal) {
      const untilMs = clock.monotonicMs() + MAX_TURN_WAIT_MS;
      for (;;) {
        const nowMs = clock.monotonicMs();
        const waitMs = limiter.take("", nowMs);
        if (waitMs === 0) return undefined;
        if (nowMs + waitMs > untilMs) {
          return refusal(
            "resource_exhausted",
            `request rate limit exceeded: ${perSecond} new streams a second, none free within ${MAX_TURN_WAIT_MS} ms`,
          );
        }
        await sleep(clock, waitMs, { signal });
      }
    },
  };
}

/** Asks the authenticators. A plaintext connection has no identities, and passes unless it is told to prove some. */
export async function authenticateStream(
  credentials: Credentials,
  { authenticates, authenticatesPlaintext }: XdsConfig,
  authenticators: readonly Authenticator[],
): Promise<Authenticated> {
  if (!authenticates || !credentials.secure && !authenticatesPlaintext) {
    return { ok: true, identities: [] };
  }
  let outcome: AuthOutcome;
  try {
    outcome = await authenticate(authenticators, credentials);
  } catch (thrown) {
    if (!isSignetError(thrown, "authn.overloaded")) throw thrown;
    return refusal(
      "resource_exhausted",
      "too many credentials are being looked at",
      thrown.message,
    );
  }
  return outcome.ok
    ? { ok: true, identities: outcome.caller.identities }
    : refusal("unauthenticated", "authentication failure", outcome.reason);
}

/** Looks at the node of the first request, and at whose it is. */
export function admitNode(
  { node, nodeBytes }: { readonly node: NodeFacts | undefined; readonly nodeBytes: number },
  identities: readonly string[],
  { checksIdentity }: Pick<XdsConfig, "checksIdentity">,
): Admitted {
  if (node === undefined || node.id === "") {
    return refusal("invalid_argument", "missing node information");
  }
  if (nodeBytes > MAX_NODE_BYTES) {
    return refusal(
      "invalid_argument",
      `the node has ${nodeBytes} bytes, at most ${MAX_NODE_BYTES} are taken`,
    );
  }
  const parsed = parseNode(node);
  if (!parsed.ok) return refusal("invalid_argument", parsed.reason);
  const { proxy } = parsed;
  if (checksIdentity && identities.length > 0 && !identities.some((each) => isOf(each, proxy))) {
    return refusal(
      "permission_denied",
      `authorization failed: no identities ([${
        identities.join(" ")
      }]) matched ${proxy.namespace}/${proxy.serviceAccount}`,
    );
  }
  const unserved = unservedReason(proxy);
  return unserved === undefined ? parsed : refusal("invalid_argument", unserved);
}

/** True when an identity is of the proxy's namespace and, when it names one, of its service account. */
function isOf(identity: string, { namespace, serviceAccount }: Proxy): boolean {
  try {
    const parts = parseWorkloadIdentity(identity);
    return (namespace === "" || parts.namespace === namespace) &&
      (serviceAccount === "" || parts.serviceAccount === serviceAccount);
  } catch (thrown) {
    if (!isSignetError(thrown, "spiffe.bad_id")) throw thrown;
    return false;
  }
}

/** Why a proxy of this kind would get a configuration that does not work; undefined when it would work. */
function unservedReason({ type, interceptionMode }: Proxy): string | undefined {
  if (type !== "sidecar") return `this version of signet configures sidecars, not a ${type}`;
  if (interceptionMode === "NONE") return undefined;
  return `this version of signet configures sidecars without interception of traffic: INTERCEPTION_MODE is ${interceptionMode}, should be NONE`;
}
