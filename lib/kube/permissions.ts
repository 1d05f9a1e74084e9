/** What signet does in a cluster: the manifests grant this and no more, and `signet check` asks for each. */
import type { KubePermission } from "./access_review.ts";
import { CA_SECRET } from "./ca_secret.ts";
import { LEASE } from "./lease.ts";

/** The ClusterTrustBundle of istiod's, and the signer that it speaks for: the API server wants the one to begin with the other. */
export const TRUST_BUNDLE = {
  name: "istio.io:istiod-ca:root-cert",
  signer: "istio.io/istiod-ca",
} as const;

/** On what the permissions depend. */
export interface PermissionScope {
  /** Namespace of the server. */
  readonly namespace: string;
  /** True when its CA is kept in a Secret. */
  readonly ownsCa: boolean;
  /** True when `cacerts` may be that Secret. */
  readonly useCacerts: boolean;
  /** True when it takes part in an election. */
  readonly electsLeader: boolean;
  /** Name of the ConfigMap with the injector's configuration; `undefined` when nothing is injected. */
  readonly injectConfigMap: string | undefined;
  /** True when the mesh takes some namespaces only. */
  readonly selectsNamespaces: boolean;
  /** Names of the ConfigMaps that it writes. */
  readonly configMaps: readonly string[];
  /** Signers that it asks for certificates, `domain/name` or `domain/*`. */
  readonly signers: readonly string[];
  /** Names of the ConfigMaps of the mesh config. */
  readonly meshConfigMaps: readonly string[];
  /** Webhook configurations that it keeps up to date, by name; `undefined` for a kind that it leaves alone. */
  readonly webhooks: {
    readonly injection: string | undefined;
    readonly validation: string | undefined;
  };
  /** True when it writes the ClusterTrustBundle. */
  readonly trustBundle: boolean;
  /** Namespace of the Secrets of remote clusters; `undefined` without. */
  readonly remoteClustersNamespace: string | undefined;
  /** True when it copies the plugged-in CA of Secret `cacerts`. */
  readonly remoteCerts: boolean;
}

type Verb = KubePermission["verb"];

/** What services of the mesh are made of, by API group: Kubernetes' objects, and Istio's where there are any. */
const OF_SERVICES: Readonly<Record<string, readonly string[]>> = {
  "": ["services", "pods", "nodes"],
  "discovery.k8s.io": ["endpointslices"],
  "networking.istio.io": [
    ...["destinationrules", "gateways", "proxyconfigs", "serviceentries", "sidecars"],
    ...["virtualservices", "workloadentries", "workloadgroups"],
  ],
  "security.istio.io": ["authorizationpolicies", "peerauthentications", "requestauthentications"],
};

function all(
  of: Pick<KubePermission, "group" | "resource"> & Partial<KubePermission>,
  ...verbs: Verb[]
): readonly KubePermission[] {
  return verbs.map((verb) => ({ namespace: "", name: "", ...of, verb }));
}

/** Everything that a server does. */
export function serverPermissions(scope: PermissionScope): readonly KubePermission[] {
  const { namespace, ownsCa, useCacerts, electsLeader, configMaps, meshConfigMaps } = scope;
  const { signers, webhooks, injectConfigMap } = scope;
  const secrets = useCacerts ? [CA_SECRET.own, CA_SECRET.cacerts] : [CA_SECRET.own];
  const secret = { group: "", resource: "secrets", namespace };
  const lease = { group: "coordination.k8s.io", resource: "leases", namespace };
  return [
    ...all({ group: "authentication.k8s.io", resource: "tokenreviews" }, "create"),
    ...(ownsCa ? all(secret, "create") : []),
    ...(ownsCa ? secrets : []).flatMap((name) =>
      all({ ...secret, name }, "get", "list", "watch", "update")
    ),
    ...all({ group: "", resource: "events", namespace }, "create", "patch"),
    ...(electsLeader
      ? [...all(lease, "create"), ...all({ ...lease, name: LEASE.name }, "get", "update")]
      : []),
    ...(configMaps.length > 0 || scope.selectsNamespaces
      ? all({ group: "", resource: "namespaces" }, "list", "watch")
      : []),
    ...(configMaps.length > 0 ? all({ group: "", resource: "configmaps" }, "create") : []),
    ...configMaps.flatMap((name) =>
      all({ group: "", resource: "configmaps", name }, "list", "watch", "patch")
    ),
    ...meshConfigMaps.flatMap((name) =>
      all({ group: "", resource: "configmaps", namespace, name }, "list", "watch")
    ),
    ...Object.entries(OF_SERVICES).flatMap(([group, resources]) =>
      resources.flatMap((resource) => all({ group, resource }, "list", "watch"))
    ),
    ...(injectConfigMap === undefined ? [] : all(
      { group: "", resource: "configmaps", namespace, name: injectConfigMap },
      "list",
      "watch",
    )),
    ...(signers.length > 0 ? signing(signers) : []),
    ...webhookPermissions("mutatingwebhookconfigurations", webhooks.injection),
    ...webhookPermissions("validatingwebhookconfigurations", webhooks.validation),
    // For the trial of a Gateway that this server's own webhook refuses.
    ...(webhooks.validation === undefined
      ? []
      : all({ group: "networking.istio.io", resource: "gateways", namespace }, "create")),
    ...optional(scope),
  ];
}

function optional(
  { namespace, trustBundle, remoteClustersNamespace, remoteCerts }: PermissionScope,
): readonly KubePermission[] {
  const group = "certificates.k8s.io";
  const bundles = { group, resource: "clustertrustbundles" };
  const { name, signer } = TRUST_BUNDLE;
  return [
    ...(trustBundle
      ? [
        ...all(bundles, "create"),
        ...all({ ...bundles, name }, "list", "watch", "patch"),
        ...all({ group, resource: "signers", name: signer }, "attest"),
      ]
      : []),
    // RBAC knows no labels, so that these are all Secrets there.
    ...(remoteClustersNamespace === undefined ? [] : all(
      { group: "", resource: "secrets", namespace: remoteClustersNamespace },
      ...["list", "watch"] as const,
    )),
    ...(remoteCerts
      ? all({ group: "", resource: "secrets", namespace, name: CA_SECRET.cacerts }, "get")
      : []),
  ];
}

/** Requests have names that the API server makes, so that none can be named. */
function signing(signers: readonly string[]): readonly KubePermission[] {
  const group = "certificates.k8s.io";
  const resource = "certificatesigningrequests";
  return [
    ...all({ group, resource }, "create", "get", "watch", "delete"),
    ...all({ group, resource: `${resource}/approval` }, "update"),
    ...signers.flatMap((name) => all({ group, resource: "signers", name }, "approve")),
  ];
}

/** They are found by their label, which no rule can name, and written by name. */
function webhookPermissions(resource: string, name: string | undefined): readonly KubePermission[] {
  if (name === undefined) return [];
  const of = { group: "admissionregistration.k8s.io", resource, namespace: "" };
  return [
    { ...of, name: "", verb: "list" },
    { ...of, name: "", verb: "watch" },
    { ...of, name, verb: "update" },
  ];
}
