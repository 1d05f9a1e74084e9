/**
 * The documents that say how workloads behave, ready to be asked: which Sidecar a proxy has, and whether a workload's port takes mutual TLS
 * (PeerAuthentication). Of several that apply alike the first in order of namespace and name counts, as files have no age. Who may call a
 * workload is in access.ts.
 */
import type {
  AuthorizationPolicy,
  DestinationRule,
  IstioDocument,
  ObjectMeta,
  PeerAuthentication,
  RequestAuthentication,
  Sidecar,
  VirtualService,
} from "../istio/mod.ts";
import type { PeerMode, Workload } from "./port.ts";

/** What documents say, by namespace. */
export interface Policies {
  /** PeerAuthentications, in order. */
  readonly authentication: readonly Policy<PeerAuthentication>[];
  /** Sidecars, in order. */
  readonly sidecars: readonly Policy<Sidecar>[];
  /** AuthorizationPolicies, in order. */
  readonly authorization: readonly Policy<Authorization>[];
  /** RequestAuthentications, in order. */
  readonly requests: readonly Policy<RequestAuthentication>[];
  /** DestinationRules, in order. */
  readonly destinations: readonly Policy<DestinationRule>[];
  /** VirtualServices, in order. */
  readonly routes: readonly Policy<VirtualService>[];
}

/** An AuthorizationPolicy, and whether it is tried out alone (`istio.io/dry-run`). */
export interface Authorization extends AuthorizationPolicy {
  /** True when what it would do is counted, and not done. */
  readonly isDryRun: boolean;
}

/** One document with whom it is for. */
export interface Policy<Spec> {
  /** Its namespace. */
  readonly namespace: string;
  /** Its name. */
  readonly name: string;
  /** Labels of its workloads; undefined for all. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  /** What it says. */
  readonly spec: Spec;
}

const DRY_RUN = "istio.io/dry-run";
/** What Go reads as true. */
const TRUE_REGEXP = /^(?:1|t|T|TRUE|true|True)$/;

/** Takes the policies out of documents. */
export function policiesOf(documents: readonly IstioDocument[]): Policies {
  const authentication = documents.filter((each) => each.kind === "PeerAuthentication");
  const sidecars = documents.filter((each) => each.kind === "Sidecar");
  const authorization = documents.filter((each) => each.kind === "AuthorizationPolicy");
  const requests = documents.filter((each) => each.kind === "RequestAuthentication");
  const destinations = documents.filter((each) => each.kind === "DestinationRule");
  const routes = documents.filter((each) => each.kind === "VirtualService");
  return {
    authentication: authentication.map(({ meta, spec }) =>
      toPolicy(meta, spec.selector?.matchLabels, spec)
    ).sort(inOrder),
    sidecars: sidecars.map(({ meta, spec }) => toPolicy(meta, spec.workloadSelector?.labels, spec))
      .sort(inOrder),
    authorization: authorization.filter(isForWorkloads).map(({ meta, spec }) => {
      const isDryRun = TRUE_REGEXP.test(meta.annotations[DRY_RUN] ?? "");
      return toPolicy(meta, spec.selector?.matchLabels, { ...spec, isDryRun });
    }).sort(inOrder),
    requests: requests.filter(isForWorkloads).map(({ meta, spec }) =>
      toPolicy(meta, spec.selector?.matchLabels, spec)
    ).sort(inOrder),
    destinations: destinations.map(({ meta, spec }) =>
      toPolicy(meta, spec.workloadSelector?.matchLabels, spec)
    ).sort(inOrder),
    routes: routes.map(({ meta, spec }) => toPolicy(meta, undefined, spec)).sort(inOrder),
  };
}

/** A policy that is attached to something (`targetRefs`) is for the gateway there, not for sidecars. */
function isForWorkloads(
  { spec: { targetRef, targetRefs } }: {
    readonly spec: Pick<AuthorizationPolicy, "targetRef" | "targetRefs">;
  },
): boolean {
  return targetRef === undefined && targetRefs.length === 0;
}

/** A selector without labels selects everything, as none does. */
function toPolicy<Spec>(
  { namespace, name }: ObjectMeta,
  labels: Readonly<Record<string, string>> = {},
  spec: Spec,
): Policy<Spec> {
  const selector = Object.keys(labels).length === 0 ? undefined : labels;
  return { namespace, name, selector, spec };
}

function inOrder(one: Policy<unknown>, other: Policy<unknown>): number {
  const [a, b] = [one, other].map(({ namespace, name }) => `${namespace}/${name}`);
  return a! < b! ? -1 : 1;
}

/** Whether a policy is for a workload of a namespace that it is looked for in. */
export function selects(
  { selector }: Policy<unknown>,
  { labels }: Pick<Workload, "labels">,
): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

/** The Sidecar of a proxy: one that selects it, else its namespace's, else the root namespace's; undefined for none. */
export function sidecarOf(
  { sidecars }: Policies,
  workload: Workload,
  rootNamespace: string,
): Sidecar | undefined {
  const { namespace } = workload;
  const own = sidecars.filter((policy) => policy.namespace === namespace);
  const found = own.find((policy) => policy.selector !== undefined && selects(policy, workload)) ??
    own.find((policy) => policy.selector === undefined) ??
    sidecars.find((policy) => policy.namespace === rootNamespace && policy.selector === undefined);
  return found?.spec;
}

/**
 * Whether a port of a workload takes mutual TLS: what its own policy says of the port, then of the workload, then the namespace's, then the
 * mesh's; `PERMISSIVE` when nobody says.
 */
export function peerMode(
  { authentication }: Policies,
  { workload, port, rootNamespace }: {
    readonly workload: Workload;
    readonly port: number;
    readonly rootNamespace: string;
  },
): PeerMode {
  const { namespace } = workload;
  const of = (where: string) => authentication.filter((policy) => policy.namespace === where);
  const [own, root] = [of(namespace), of(rootNamespace)];
  const isForAll = (policy: Policy<unknown>) => policy.selector === undefined;
  const selected = [...own, ...root].find((policy) =>
    !isForAll(policy) && selects(policy, workload)
  );
  const said = [
    selected?.spec.portLevelMtls[port],
    selected?.spec.mtls,
    own.find(isForAll)?.spec.mtls,
    root.find(isForAll)?.spec.mtls,
  ];
  for (const each of said) {
    if (each !== undefined && each.mode !== "UNSET") return each.mode;
  }
  return "PERMISSIVE";
}
