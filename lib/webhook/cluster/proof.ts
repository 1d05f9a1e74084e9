/**
 * The proof that an API server asks this webhook and hears its refusal: a Gateway that signet refuses whatever else it says is tried out
 * (`dryRun: All`, so that nothing is stored). Before that a configuration fails open, as a webhook that cannot be reached would keep the
 * cluster's whole configuration from being changed.
 */
import { isSignetError, messageOf } from "../../base/mod.ts";
import { type KubeClient, refusedStatus } from "../../kube/mod.ts";

/** What came of it. */
export type Proof =
  | { readonly proven: true; readonly doubt?: string }
  | { readonly proven: false; readonly why: string };

/** The Gateway that is tried out, by name. */
export const PROOF_GATEWAY = "invalid-gateway";
const DENIED = "denied the request";
/** What an API server says of a path that it does not know, and what Go's clients make of it. */
const NO_SUCH_KIND_REGEXP = /404 page not found|the server could not find the requested resource/;
const NO_DRY_RUN = "does not support dry run";
const NOT_FOUND = 404;

/** Tries it once. @throws {SignetError} `kube.unavailable` and others when the API server cannot be asked. */
export async function proveRefusal(
  client: Pick<KubeClient, "request">,
  { namespace, revision }: { readonly namespace: string; readonly revision: string },
): Promise<Proof> {
  try {
    await client.request({
      method: "POST",
      path: `/apis/networking.istio.io/v1/namespaces/${namespace}/gateways`,
      query: { dryRun: "All" },
      body: {
        apiVersion: "networking.istio.io/v1",
        kind: "Gateway",
        metadata: {
          name: PROOF_GATEWAY,
          namespace,
          labels: { "istio.io/rev": revision },
          annotations: { "internal.istio.io/webhook-always-reject": "true" },
        },
        spec: {},
      },
    });
    return { proven: false, why: "a Gateway that should be refused was taken" };
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    const said = messageOf(thrown);
    if (said.includes(DENIED)) return { proven: true };
    // Of a webhook that answers 404 an API server says the same, in a failure of its own.
    if (refusedStatus(thrown) === NOT_FOUND && NO_SUCH_KIND_REGEXP.test(said)) {
      return {
        proven: true,
        doubt: "the cluster has no Gateways of Istio, so that it cannot be tried",
      };
    }
    if (said.includes(NO_DRY_RUN)) {
      return {
        proven: true,
        doubt: `another webhook takes no trials, so that it cannot be tried: ${said}`,
      };
    }
    if (refusedStatus(thrown) === undefined) throw thrown;
    return { proven: false, why: said };
  }
}
