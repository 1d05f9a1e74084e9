/** From option values to the settings of a Kubernetes cluster. */
import { parseIpPrefix } from "../base/mod.ts";
import type { Config } from "./port.ts";
import { type OptionName, OPTIONS, type OptionValues } from "./table.ts";
import { nameOf, type ResolvedValues } from "./values.ts";

const REGISTRY = "Kubernetes";
/** istiod's registry for its own tests: it knows no service, and needs no cluster. */
const NO_REGISTRY = "Mock";
/** Aliases of one cluster; each is compared with what a caller says. */
const ALIAS_REGEXP = /^([^=\s]+)=([^=\s]+)$/;

type Access = NonNullable<Config["kube"]>["access"];

/** A cluster, and the names of the ConfigMaps of the mesh config in it. */
export interface ClusterOfMesh {
  /** How to reach it. */
  readonly access: NonNullable<Config["kube"]>["access"];
  /** The ConfigMaps. */
  readonly configMaps: NonNullable<Config["mesh"]["configMaps"]>;
}

/** Where the mesh config of a cluster is, by istiod's rule: `istio`, or `istio-<revision>`. */
export function clusterOfMesh(
  values: OptionValues,
  resolved: ResolvedValues,
): ClusterOfMesh | undefined {
  const access = toAccess(values, resolved);
  if (access === undefined) return undefined;
  const { namespace, revision, sharedMeshConfig } = values;
  const name = revision === "" || revision === "default" ? "istio" : `istio-${revision}`;
  const shared = sharedMeshConfig === "" ? undefined : sharedMeshConfig;
  return { access, configMaps: { namespace, name, shared } };
}

/** The cluster to use, and what is kept there; `undefined` when there is none. */
export function toKube(values: OptionValues, resolved: ResolvedValues): Config["kube"] {
  const access = toAccess(values, resolved);
  if (access === undefined) return undefined;
  const { namespace, useCacerts, leaderElection, podName, rootConfigMap, crlConfigMap } = values;
  const hasCa = values.enableCaServer && values.pilotCertProvider !== "none";
  return {
    ...{ access, namespace, useCacerts, podName },
    rate: { perSecond: values.kubernetesApiQps, burst: values.kubernetesApiBurst },
    electsLeader: leaderElection && values.enableCaServer,
    distribution: hasCa
      ? {
        rootConfigMap: values.clusterTrustBundle ? undefined : rootConfigMap,
        crlConfigMap: values.enableCaCrl ? crlConfigMap : undefined,
      }
      : undefined,
  };
}

function toAccess(values: OptionValues, resolved: ResolvedValues): Access | undefined {
  const isNamed = isGiven(resolved);
  if (isNamed && !values.registries.includes(REGISTRY)) return undefined;
  if (values.kubeconfig !== "") return { kind: "kubeconfig", path: values.kubeconfig };
  const { kubernetesServiceHost: host, kubernetesServicePort: port } = values;
  if (host === "" || port === "") return undefined;
  return { kind: "in_cluster", host, port, isRequired: isNamed };
}

/** Settings of tokens that the cluster vouches for. */
export function toKubeTokens(values: OptionValues): Config["authn"]["kube"] {
  const { clusterId, clusterAliases, tokenAudiences, jwtPolicy } = values;
  const pairs = clusterAliases.map((text) => ALIAS_REGEXP.exec(text))
    .filter((found) => found !== null)
    .map(([, alias, cluster]) => [alias!, cluster!] as const);
  const isOwn = ([, cluster]: readonly [string, string]) => cluster === ownId(clusterId);
  return {
    clusterId: ownId(clusterId),
    aliases: pairs.filter(isOwn).map(([alias]) => alias),
    remoteAliases: Object.fromEntries(pairs.filter((pair) => !isOwn(pair))),
    audiences: jwtPolicy === "first-party-jwt" ? [] : tokenAudiences,
    maxAwayMs: values.maxApiServerAway,
  };
}

/** `namespace/name`. */
const ACCOUNT_REGEXP = /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-a-z0-9.]*$/;

/** Who else may prove an identity, or ask for another's: what istiod skips with a warning is left out. */
export function toTrustedCallers(
  values: OptionValues,
): Pick<
  Config["authn"],
  "remoteClustersNamespace" | "trustedNodeAccounts" | "trustedGateways"
> {
  const { clusterRegistriesNamespace, externalIstiod, centralIstiod, namespace } = values;
  const isForRemotes = clusterRegistriesNamespace !== "" || externalIstiod || centralIstiod;
  return {
    remoteClustersNamespace: isForRemotes ? clusterRegistriesNamespace || namespace : undefined,
    trustedNodeAccounts: values.trustedNodeAccounts.filter((text) => ACCOUNT_REGEXP.test(text)),
    trustedGateways: values.trustedGateways.filter(isCidr),
  };
}

/** istiod's `netip.ParsePrefix`: an address without a length is none. */
function isCidr(text: string): boolean {
  return text.includes("/") && parseIpPrefix(text) !== undefined;
}

/** istiod's rule: a cluster without a name is called so. */
function ownId(clusterId: string): string {
  return clusterId === "" ? REGISTRY : clusterId;
}

/** What is wrong with the options of a cluster, one sentence each. */
export function kubeFaults(values: OptionValues, resolved: ResolvedValues): readonly string[] {
  const unknown = values.registries.filter((name) => ![REGISTRY, NO_REGISTRY].includes(name));
  const faults = unknown.map((name) =>
    `--registries: ${
      JSON.stringify(name)
    } is no registry of signet, should be ${REGISTRY} or ${NO_REGISTRY}`
  );
  if (values.registries.includes(REGISTRY) && toAccess(values, resolved) === undefined) {
    faults.push(
      `--registries: ${REGISTRY} needs a cluster: give --kubeconfig, or run in a pod; leave --registries out to run without`,
    );
  }
  if (values.kubeconfig.includes(":")) {
    faults.push("--kubeconfig: it should name one file, signet merges none");
  }
  if (values.jwtPolicy === "third-party-jwt" && values.tokenAudiences.length === 0) {
    faults.push("TOKEN_AUDIENCES: it names no audience, so that tokens for anybody would be taken");
  }
  return [...faults, ...aliasFaults(values)];
}

function aliasFaults({ clusterAliases }: OptionValues): readonly string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const text of clusterAliases) {
    const [, , cluster] = ALIAS_REGEXP.exec(text) ?? [];
    if (cluster === undefined) {
      faults.push(`--clusterAliases: ${JSON.stringify(text)} should be alias=cluster`);
    } else if (seen.has(cluster)) {
      faults.push(`--clusterAliases: cluster ${JSON.stringify(cluster)} has two aliases`);
    } else seen.add(cluster);
  }
  return faults;
}

/** Options that say something of a cluster. */
const OF_A_CLUSTER = [
  ...["clusterId", "clusterAliases", "tokenAudiences", "jwtPolicy", "useCacerts", "useRemoteCerts"],
  ...["leaderElection", "rootConfigMap", "crlConfigMap", "maxApiServerAway"],
  ...["kubernetesApiQps", "kubernetesApiBurst", "sharedMeshConfig"],
  ...["clusterRegistriesNamespace", "externalIstiod", "centralIstiod", "clusterTrustBundle"],
  ...["trustedNodeAccounts"],
] as const satisfies readonly OptionName[];

/** What of these options does less than it seems to. */
export function kubeNotices(values: OptionValues, resolved: ResolvedValues): readonly string[] {
  const skipped = skippedNotices(values);
  if (toAccess(values, resolved) !== undefined) return skipped;
  const notices = values.kubeconfig === ""
    ? []
    : ["--kubeconfig has no effect, as --registries does not name Kubernetes"];
  for (const name of OF_A_CLUSTER) {
    const source = resolved.values.get(name)?.source ?? "default";
    if (source === "default") continue;
    notices.push(`${nameOf(OPTIONS[name], source)} has no effect without a cluster`);
  }
  return [...skipped, ...notices];
}

function skippedNotices({ trustedNodeAccounts, trustedGateways }: OptionValues): string[] {
  return [
    ...trustedNodeAccounts.filter((text) => !ACCOUNT_REGEXP.test(text)).map((text) =>
      `CA_TRUSTED_NODE_ACCOUNTS: ${JSON.stringify(text)} is left out, should be namespace/name`
    ),
    ...trustedGateways.filter((text) => !isCidr(text)).map((text) =>
      `TRUSTED_GATEWAY_CIDR: ${
        JSON.stringify(text)
      } is left out, should be a prefix such as 10.1.0.0/16`
    ),
  ];
}

function isGiven({ values }: ResolvedValues): boolean {
  return values.get("registries")?.source !== "default";
}
