/** What the injector itself reads of the charts' values. */
import { type Draft, member, objectAt, textAt } from "./document.ts";

/** The values that are read outside of templates. */
export interface InjectorValues {
  /** Name of the cluster. */
  readonly clusterName: string;
  /** Its network. */
  readonly network: string;
  /** True to have the proxy run before the application. */
  readonly holdsApplication: boolean;
  /** True to let the agent answer probes. */
  readonly rewritesProbes: boolean;
}

/** Reads them. */
export function readValues(values: Draft): InjectorValues {
  const global = objectAt(values, "global");
  const webhook = objectAt(values, "sidecarInjectorWebhook");
  return {
    clusterName: textAt(objectAt(global, "multiCluster"), "clusterName"),
    network: textAt(global, "network"),
    holdsApplication: member(objectAt(global, "proxy"), "holdApplicationUntilProxyStarts") === true,
    rewritesProbes: member(webhook, "rewriteAppHTTPProbe") === true,
  };
}

/** Kinds of images that a tag may end in. */
const IMAGE_TYPES = ["distroless", "debug"];

/** The proxy's image: hub, name and tag of the values, in the variant that is asked for first. */
export function proxyImageOf(
  values: Draft,
  asked: { readonly annotation: string | undefined; readonly config: string | undefined },
): string {
  const global = objectAt(values, "global");
  const tag = member(global, "tag");
  const name = textAt(objectAt(global, "proxy"), "image");
  const type = asked.annotation ?? asked.config ?? textAt(global, "variant");
  const tagText = tag === undefined || tag === null ? "" : String(tag);
  return `${textAt(global, "hub")}/${name === "" ? "proxyv2" : name}:${withType(tagText, type)}`;
}

function withType(tag: string, type: string): string {
  if (type === "") return tag;
  const known = IMAGE_TYPES.find((each) => tag.endsWith(`-${each}`));
  const bare = known === undefined ? tag : tag.slice(0, -known.length - 1);
  return type === "default" ? bare : `${bare}-${type}`;
}
