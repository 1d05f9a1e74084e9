/** Whole documents: what stands around a `spec`. */

const GATEWAY =
  "spec: { servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }";
const META = "metadata: { name: one, namespace: shop }";
const SECURITY = "apiVersion: security.istio.io/v1";
const NETWORKING = "apiVersion: networking.istio.io/v1";

/** A policy that is tried out. */
const dryRun = (value: string, spec: string) =>
  `{ ${SECURITY}, kind: AuthorizationPolicy, metadata: { name: one, namespace: shop, annotations: { istio.io/dry-run: ${value} } }, spec: ${spec} }`;
/** A policy with an annotation. */
const annotated = (annotation: string) =>
  `{ ${SECURITY}, kind: PeerAuthentication, metadata: { name: one, namespace: shop, annotations: { ${annotation}: 'true' } }, spec: {} }`;

/** Documents, in YAML's short form. */
export const WHOLE_DOCUMENTS: readonly string[] = [
  ...["v1", "v1beta1", "v1alpha3", "v1alpha1", "v2", "''"].flatMap((version) =>
    [
      `{ apiVersion: networking.istio.io/${version}, kind: Gateway, ${META}, ${GATEWAY} }`,
      `{ apiVersion: networking.istio.io/${version}, kind: ProxyConfig, ${META}, spec: {} }`,
      `{ apiVersion: security.istio.io/${version}, kind: PeerAuthentication, ${META}, spec: {} }`,
    ].map((document) => document.replace("/''", "/"))
  ),
  ...[
    "Gateway",
    "VirtualService",
    "DestinationRule",
    "Sidecar",
    "ServiceEntry",
    "WorkloadEntry",
    "WorkloadGroup",
  ]
    .map((kind) => `{ ${NETWORKING}, kind: ${kind}, ${META} }`),
  `{ apiVersion: networking.istio.io/v1beta1, kind: ProxyConfig, ${META} }`,
  ...["PeerAuthentication", "RequestAuthentication", "AuthorizationPolicy"].map((kind) =>
    `{ ${SECURITY}, kind: ${kind}, ${META} }`
  ),
  `{ ${SECURITY}, kind: PeerAuthentication, ${META}, spec: null }`,
  `{ ${SECURITY}, kind: PeerAuthentication, ${META}, spec: [] }`,
  `{ ${SECURITY}, kind: PeerAuthentication, ${META}, spec: {}, status: {} }`,
  `{ ${SECURITY}, kind: PeerAuthentication, ${META}, spec: {}, mtls: {} }`,
  `{ ${NETWORKING}, kind: Gateway, metadata: { name: a.b, namespace: shop }, ${GATEWAY} }`,
  annotated("internal.istio.io/webhook-always-reject"),
  annotated("internal.istio.io/parents"),
  annotated("internal.istio.io/parent-namespace"),
  annotated("istio.io/dry-run"),
  annotated("example.com/anything"),
  ...["'true'", "'false'", "'1'", "T", "yes", "''", "'TRUE'", "'tRUE'"].map((value) =>
    dryRun(value, "{ rules: [{}] }")
  ),
  ...["ALLOW", "DENY", "AUDIT"].map((action) =>
    dryRun("'true'", `{ action: ${action}, rules: [{}] }`)
  ),
  dryRun("'true'", "{ action: CUSTOM, rules: [{}], provider: { name: p } }"),
  `{ ${NETWORKING}, kind: ServiceEntry, metadata: { name: one, namespace: shop, labels: { networking.istio.io/enable-autoallocate-ip: 'FALSE' } }, spec: { hosts: [a.example], resolution: DNS, ports: [{ number: 80, name: tcp, protocol: TCP }] } }`,
  ...["w", "none", "NONE", "''"].map((waypoint) =>
    `{ ${NETWORKING}, kind: ServiceEntry, metadata: { name: one, namespace: shop, labels: { istio.io/use-waypoint: ${waypoint} } }, spec: { hosts: ['*.example'], resolution: DYNAMIC_DNS, location: MESH_INTERNAL } }`
  ),
];
