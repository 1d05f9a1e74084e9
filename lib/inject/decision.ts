/** Whether a pod gets a sidecar, in istiod's order: the host's network, namespaces of the system, the pod's own word, selectors, policy. */
import { selects } from "../kube/mod.ts";
import { type Draft, objectAt, textAt, textsOf } from "./document.ts";
import type { InjectorSettings } from "./settings.ts";

/** Label and annotation by which a pod decides. */
export const INJECT = "sidecar.istio.io/inject";
/** Namespaces in which nothing is injected. */
export const IGNORED_NAMESPACES: readonly string[] = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "local-path-storage",
];

/** A decision, and what the log should say of how it came about. */
export interface Decision {
  /** True to inject. */
  readonly injects: boolean;
  /** A setting that means nothing and was passed over. */
  readonly warning: string | undefined;
}

/** Decides on a pod in a namespace. */
export function decide(
  pod: Draft,
  namespace: string,
  settings: Pick<InjectorSettings, "policy" | "neverInjectSelector" | "alwaysInjectSelector">,
): Decision {
  const no = { injects: false, warning: undefined };
  if (objectAt(pod, "spec")["hostNetwork"] === true) return no;
  if (IGNORED_NAMESPACES.includes(namespace)) return no;
  const metadata = objectAt(pod, "metadata");
  const labels = textsOf(objectAt(metadata, "labels"));
  const said = labels[INJECT] ?? textAt(objectAt(metadata, "annotations"), INJECT);
  const { policy } = settings;
  if (policy !== "enabled" && policy !== "disabled") {
    return { ...no, warning: `policy is ${JSON.stringify(policy)}, should be enabled or disabled` };
  }
  const warning = said === "" || said === "true" || said === "false"
    ? undefined
    : `${INJECT} is ${JSON.stringify(said.slice(0, 100))}, should be true or false`;
  const own = said === "true" ? true : said === "false" ? false : bySelectors(labels, settings);
  return { injects: own ?? policy === "enabled", warning };
}

function bySelectors(
  labels: Readonly<Record<string, string>>,
  { neverInjectSelector, alwaysInjectSelector }: Pick<
    InjectorSettings,
    "neverInjectSelector" | "alwaysInjectSelector"
  >,
): boolean | undefined {
  if (neverInjectSelector.some((selector) => selects(selector, labels))) return false;
  if (alwaysInjectSelector.some((selector) => selects(selector, labels))) return true;
  return undefined;
}
