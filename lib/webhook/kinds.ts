/** The kinds that an API server may ask about: those of Istio that are checked, those that are not, and those of the Gateway API. */
import { ISTIO_KINDS } from "../istio/mod.ts";

/** What is known of a kind. */
export interface ReviewedKind {
  /** Its resource, for counters. */
  readonly resource: string;
  /** `checked` by signet's own rules; `unchecked` passes with a warning; `foreign` is not Istio's, and passes. */
  readonly review: "checked" | "unchecked" | "foreign";
}

const ISTIO: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "networking.istio.io": {
    DestinationRule: "destinationrules",
    EnvoyFilter: "envoyfilters",
    Gateway: "gateways",
    ProxyConfig: "proxyconfigs",
    ServiceEntry: "serviceentries",
    Sidecar: "sidecars",
    VirtualService: "virtualservices",
    WorkloadEntry: "workloadentries",
    WorkloadGroup: "workloadgroups",
  },
  "security.istio.io": {
    AuthorizationPolicy: "authorizationpolicies",
    PeerAuthentication: "peerauthentications",
    RequestAuthentication: "requestauthentications",
  },
  "telemetry.istio.io": { Telemetry: "telemetries" },
  "extensions.istio.io": { TrafficExtension: "trafficextensions", WasmPlugin: "wasmplugins" },
};
const FOREIGN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "gateway.networking.k8s.io": {
    BackendTLSPolicy: "backendtlspolicies",
    GRPCRoute: "grpcroutes",
    Gateway: "gateways",
    GatewayClass: "gatewayclasses",
    HTTPRoute: "httproutes",
    ListenerSet: "listenersets",
    ReferenceGrant: "referencegrants",
    TCPRoute: "tcproutes",
    TLSRoute: "tlsroutes",
    UDPRoute: "udproutes",
  },
  "gateway.networking.x-k8s.io": { XBackendTrafficPolicy: "xbackendtrafficpolicies" },
};

/** Versions in which those kinds have been served; a counter names no other. */
const VERSIONS = ["v1", "v1alpha1", "v1alpha2", "v1alpha3", "v1beta1"];

function tableOf(): ReadonlyMap<string, ReviewedKind> {
  const table = new Map<string, ReviewedKind>();
  const add = (
    groups: typeof ISTIO,
    reviewOf: (kind: string) => ReviewedKind["review"],
  ) => {
    for (const [group, kinds] of Object.entries(groups)) {
      for (const [kind, resource] of Object.entries(kinds)) {
        table.set(`${group}/${kind}`, { resource, review: reviewOf(kind) });
      }
    }
  };
  const checked: readonly string[] = ISTIO_KINDS;
  add(ISTIO, (kind) => checked.includes(kind) ? "checked" : "unchecked");
  add(FOREIGN, () => "foreign");
  return table;
}

const TABLE = tableOf();

/** The kind of that name, whatever its version; `undefined` for one that nobody asks about. */
export function reviewedKind(group: string, kind: string): ReviewedKind | undefined {
  return TABLE.get(`${group}/${kind}`);
}

/** Labels of a counter, of known words alone: whoever calls may not make series. */
export function labelsOf(
  { group, version, kind }: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  },
): { readonly group: string; readonly version: string; readonly resource: string } {
  const known = reviewedKind(group, kind);
  if (known === undefined) return { group: "other", version: "other", resource: "other" };
  return {
    group,
    version: VERSIONS.includes(version) ? version : "other",
    resource: known.resource,
  };
}
