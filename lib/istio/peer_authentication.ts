/**
 * PeerAuthentication (`security.istio.io`): whether workloads take mutual TLS, plain text, or both, by workload and by port.
 *
 * Checked as Istio does: settings of ports only beside a selector with labels, ports from 1 to 65535.
 */
import { type KindRule, SECURITY_VERSIONS, type SpecOf } from "./kind.ts";
import { map, object } from "./schema/collection.ts";
import { below, fault } from "./schema/port.ts";
import { choice } from "./schema/scalar.ts";
import { checkSelector, warnOfEmptySelector, WORKLOAD_SELECTOR } from "./selector.ts";

const MUTUAL_TLS = object({ mode: choice("UNSET", "DISABLE", "PERMISSIVE", "STRICT") });
const SPEC = object({
  selector: WORKLOAD_SELECTOR,
  mtls: MUTUAL_TLS,
  portLevelMtls: map(MUTUAL_TLS, { min: 1, checkKey: portKeyFault }),
});

/** `spec` of a PeerAuthentication. */
export type PeerAuthentication = SpecOf<typeof SPEC>;

function portKeyFault(key: string): string | undefined {
  const isPort = /^[1-9]\d{0,4}$/.test(key) && Number(key) <= 65_535;
  return isPort ? undefined : "port must be in range 1..65535";
}

/** What signet knows of PeerAuthentication. */
export const PEER_AUTHENTICATION: KindRule<PeerAuthentication> = {
  group: "security.istio.io",
  versions: SECURITY_VERSIONS,
  schema: SPEC,
  needsSpec: false,
  check({ selector, portLevelMtls }, at) {
    const labels = selector?.matchLabels ?? {};
    if (Object.keys(portLevelMtls).length > 0 && Object.keys(labels).length === 0) {
      fault(
        below(at, "portLevelMtls"),
        "mesh/namespace peer authentication cannot have port level mTLS",
      );
    }
    if (selector === undefined) return;
    checkSelector(labels, below(at, "selector"), "matchLabels");
    warnOfEmptySelector(labels, below(at, "selector"));
  },
};
