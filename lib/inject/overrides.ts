/** Containers that both a template and the pod's author have: the author's is put over the template's once more, and kept for another time. */
import { ANNOTATION } from "./annotations.ts";
import { CONTAINER, findContainer } from "./containers.ts";
import {
  copyOf,
  type Draft,
  member,
  named,
  objectAt,
  objectIn,
  objectsAt,
  textAt,
} from "./document.ts";
import { structJson } from "./go_json.ts";
import { mergeDocuments } from "./merge.ts";
import { POD, structAt } from "./pod_types.ts";
import type { EarlierInjection, Overrides } from "./reinjection.ts";

/** The image of an author's container that leaves the choice to the template. */
const AUTO_IMAGE = "auto";
const CONTAINER_TYPE = structAt(POD, "spec", "containers");

/** What it takes. */
export interface OverrideInput {
  /** The pod as it came. */
  readonly original: Draft;
  /** What the templates put in. */
  readonly injected: Draft;
  /** What an earlier injection put in. */
  readonly earlier: EarlierInjection | undefined;
  /** What an earlier injection kept of the author's. */
  readonly kept: Overrides;
  /** True when the mesh's proxies catch traffic transparently. */
  readonly isTransparent: boolean;
}

/** Puts the author's containers over the templates'. */
export function applyOverrides(pod: Draft, input: OverrideInput): void {
  const found = {
    containers: overridesOf("containers", input),
    initContainers: overridesOf("initContainers", input),
  };
  for (const list of ["containers", "initContainers"] as const) {
    for (const overlay of found[list]) {
      mergeDocuments(POD, pod, { spec: { [list]: [copyOf(overlay)] } });
    }
  }
  const isInjected = member(annotationsOf(input.original), ANNOTATION.status) !== undefined;
  const members = (["containers", "initContainers"] as const)
    .filter((list) => found[list].length > 0)
    .map((list) =>
      `"${list}":[${found[list].map((each) => structJson(CONTAINER_TYPE, each)).join(",")}]`
    );
  if (!isInjected && members.length > 0) {
    objectIn(objectIn(pod, "metadata"), "annotations")[ANNOTATION.overrides] = `{${
      members.join(",")
    }}`;
  }
  adjustUser(pod, input);
}

function annotationsOf(pod: Draft): Draft {
  return objectAt(objectAt(pod, "metadata"), "annotations");
}

function overridesOf(list: "containers" | "initContainers", input: OverrideInput): Draft[] {
  const { original, injected, earlier, kept } = input;
  const spec = objectAt(original, "spec");
  const found: Draft[] = [];
  for (const container of objectsAt(objectAt(injected, "spec"), list)) {
    const name = textAt(container, "name");
    // What an earlier injection put in is the template's, and made anew; what the author put over it is kept, unlike with istiod.
    const own = () =>
      list === "containers" ? named(objectsAt(spec, list), name) : findContainer(spec, name);
    const isInjected = earlier?.[list].includes(name) ?? false;
    const match = named(kept[list], name) ?? (isInjected ? undefined : own());
    if (match === undefined) continue;
    const overlay = copyOf(match);
    if (overlay["image"] === AUTO_IMAGE) delete overlay["image"];
    found.push(overlay);
  }
  return found;
}

/** The containers that prepare the proxy's network must know the user that the author gave the proxy. */
function adjustUser(pod: Draft, input: OverrideInput): void {
  const { original, earlier, kept, isTransparent } = input;
  const proxy = earlier === undefined
    ? findContainer(objectAt(original, "spec"), CONTAINER.proxy)
    : named([...kept.containers, ...kept.initContainers], CONTAINER.proxy);
  const context = proxy === undefined ? {} : objectAt(proxy, "securityContext");
  const user = member(context, "runAsUser");
  const group = member(context, "runAsGroup");
  if (typeof user !== "number" && typeof group !== "number") return;
  const spec = objectAt(pod, "spec");
  const initContainers = objectsAt(spec, "initContainers");
  const init = named(initContainers, CONTAINER.init) ??
    named(initContainers, CONTAINER.validation);
  if (init === undefined) return;
  const isTproxy = isTransparent ||
    textAt(annotationsOf(pod), ANNOTATION.interceptionMode) === "TPROXY";
  if (isTproxy && typeof user === "number") {
    const sidecar = findContainer(spec, CONTAINER.proxy);
    if (sidecar === undefined) return;
    objectIn(sidecar, "securityContext")["runAsUser"] = 0; // TPROXY needs the root user
  }
  if (!isTproxy && textAt(init, "name") === CONTAINER.validation) {
    const own = objectIn(init, "securityContext");
    if (typeof user === "number") own["runAsUser"] = user;
    if (typeof group === "number") own["runAsGroup"] = group;
  }
  const args = member(init, "args");
  if (typeof user !== "number" || user === 0 || !Array.isArray(args)) return;
  const at = args.indexOf("-u");
  if (at >= 0 && at + 1 < args.length) args[at + 1] = String(user);
}
