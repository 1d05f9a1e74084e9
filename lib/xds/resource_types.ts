/** The types of resources that an xDS stream may ask for, and what each means to the protocol. */

const PREFIX = "type.googleapis.com/";

/** Type URLs. */
export const TYPE_URL = {
  cluster: `${PREFIX}envoy.config.cluster.v3.Cluster`,
  endpoints: `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  listener: `${PREFIX}envoy.config.listener.v3.Listener`,
  routes: `${PREFIX}envoy.config.route.v3.RouteConfiguration`,
  secret: `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`,
  extension: `${PREFIX}envoy.config.core.v3.TypedExtensionConfig`,
  nameTable: `${PREFIX}istio.networking.nds.v1.NameTable`,
  proxyConfig: `${PREFIX}istio.mesh.v1alpha1.ProxyConfig`,
  health: `${PREFIX}istio.v1.HealthInformation`,
} as const;

/** What a type is to the protocol. */
export interface ResourceType {
  /** Short name, for people: `CDS`. */
  readonly name: string;
  /** True when a subscription without names is one to everything. */
  readonly isWildcard: boolean;
}

/** The types that are answered. Every other one is left alone, so that one odd subscription does not end a stream that others share. */
const ANSWERED: ReadonlyMap<string, ResourceType> = new Map([
  [TYPE_URL.cluster, { name: "CDS", isWildcard: true }],
  [TYPE_URL.endpoints, { name: "EDS", isWildcard: false }],
  [TYPE_URL.listener, { name: "LDS", isWildcard: true }],
  [TYPE_URL.routes, { name: "RDS", isWildcard: false }],
  // These are answered with what there is, which is nothing: names that do not exist are left out of the answer.
  [TYPE_URL.secret, { name: "SDS", isWildcard: false }],
  [TYPE_URL.extension, { name: "ECDS", isWildcard: false }],
]);

/** The order in which the types of one push go out: what others refer to comes first. */
export const PUSH_ORDER: readonly string[] = [
  TYPE_URL.cluster,
  TYPE_URL.endpoints,
  TYPE_URL.listener,
  TYPE_URL.routes,
];

/** What a type is; undefined for one that is not answered. */
export function resourceType(typeUrl: string): ResourceType | undefined {
  return ANSWERED.get(typeUrl);
}

/** The short name of a type, or the URL of one without. */
export function typeName(typeUrl: string): string {
  return ANSWERED.get(typeUrl)?.name ?? typeUrl;
}
