/** What is to be changed of a webhook configuration; pure. Its entries are left as they are but for the bundle and the policy. */
import { asObject, asText, type KubeDocument } from "../../kube/mod.ts";
import { bundleFits, encodeBundle, type WantedBundle } from "./bundle.ts";

/** Names of the entries that inject end so, whatever selects their pods. */
const INJECTOR_SUFFIX = "sidecar-injector.istio.io";

type Entry = Readonly<Record<string, unknown>>;

function entriesOf(configuration: KubeDocument): readonly Entry[] {
  const { webhooks } = configuration;
  return Array.isArray(webhooks) ? webhooks.map(asObject) : [];
}

function hasBundle({ clientConfig }: Entry, wanted: WantedBundle): boolean {
  return bundleFits(asObject(clientConfig)["caBundle"], wanted);
}

function withBundle(entry: Entry, wanted: WantedBundle): Entry {
  const clientConfig = { ...asObject(entry["clientConfig"]), caBundle: encodeBundle(wanted) };
  return { ...entry, clientConfig };
}

function injects({ name }: Entry): boolean {
  return asText(name).endsWith(INJECTOR_SUFFIX);
}

/** An entry that fails open; one that says nothing fails closed. */
function ignoresFailure({ failurePolicy }: Entry): boolean {
  return failurePolicy !== undefined && failurePolicy !== "Fail";
}

/** What to do with a configuration that injects. */
export type InjectionChange =
  | { readonly kind: "none" }
  /** It has no entry that injects. */
  | { readonly kind: "foreign" }
  | { readonly kind: "write"; readonly configuration: KubeDocument };

/** Brings a bundle into the entries that inject. */
export function changeInjection(
  configuration: KubeDocument,
  wanted: WantedBundle,
): InjectionChange {
  const entries = entriesOf(configuration);
  if (!entries.some(injects)) return { kind: "foreign" };
  if (!entries.some((entry) => injects(entry) && !hasBundle(entry, wanted))) {
    return { kind: "none" };
  }
  const webhooks = entries.map((entry) => injects(entry) ? withBundle(entry, wanted) : entry);
  return { kind: "write", configuration: { ...configuration, webhooks } };
}

/** What is wrong with a configuration that validates. */
export function lookAtValidation(
  configuration: KubeDocument,
  wanted: WantedBundle,
): { readonly needsBundle: boolean; readonly failsOpen: boolean } {
  const entries = entriesOf(configuration);
  return {
    needsBundle: entries.some((entry) => !hasBundle(entry, wanted)),
    failsOpen: entries.some(ignoresFailure),
  };
}

/** A configuration that validates with a bundle, and failing closed when that is wanted. */
export function changeValidation(
  configuration: KubeDocument,
  wanted: WantedBundle,
  { failsClosed }: { readonly failsClosed: boolean },
): KubeDocument {
  const webhooks = entriesOf(configuration).map((entry) => ({
    ...withBundle(entry, wanted),
    ...(failsClosed ? { failurePolicy: "Fail" } : {}),
  }));
  return { ...configuration, webhooks };
}
