/** Pods that were injected before: what the status says of that, and the pod as it was without. */
import { ANNOTATION, MAX_ANNOTATION_CHARS } from "./annotations.ts";
import { removeContainers } from "./containers.ts";
import { copyOf, type Draft, isDraft, member, objectAt, objectsAt, textAt } from "./document.ts";
import { clearPrometheus, prometheusValue } from "./prometheus.ts";

/** Names of containers that an earlier injection put in. */
export interface EarlierInjection {
  /** Of those that stay. */
  readonly containers: readonly string[];
  /** Of those that end. */
  readonly initContainers: readonly string[];
}

/** Containers that the pod's author put over the template's. */
export interface Overrides {
  /** Of those that stay. */
  readonly containers: readonly Draft[];
  /** Of those that end. */
  readonly initContainers: readonly Draft[];
}

/** What the status annotation says; `undefined` without one that can be read. */
export function earlierInjection(annotations: Draft): EarlierInjection | undefined {
  const status = parsed(member(annotations, ANNOTATION.status));
  if (status === undefined) return undefined;
  const texts = (name: string) => {
    const value = member(status, name);
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  };
  return { containers: texts("containers"), initContainers: texts("initContainers") };
}

/** What the overrides annotation says; `undefined` for one that cannot be read. */
export function readOverrides(annotations: Draft): Overrides | undefined {
  const text = member(annotations, ANNOTATION.overrides);
  if (text === undefined) return { containers: [], initContainers: [] };
  const value = parsed(text);
  if (value === undefined) return undefined;
  return {
    containers: copyOf(objectsAt(value, "containers")),
    initContainers: copyOf(objectsAt(value, "initContainers")),
  };
}

function parsed(text: unknown): Draft | undefined {
  if (typeof text !== "string" || text.length > MAX_ANNOTATION_CHARS) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isDraft(value) ? value : undefined;
  } catch {
    return undefined; // as istiod: such an annotation says nothing
  }
}

/** The pod as a template should see it: without an earlier injection, with the author's own proxy containers. */
export function withoutInjection(
  pod: Draft,
  overrides: Overrides,
  statusPort: number,
): Draft {
  const earlier = earlierInjection(objectAt(objectAt(pod, "metadata"), "annotations"));
  const isPlain = overrides.containers.length + overrides.initContainers.length === 0;
  if (earlier === undefined && isPlain) return pod;
  const stripped = copyOf(pod);
  const spec = objectAt(stripped, "spec");
  if (earlier !== undefined) {
    removeContainers(spec, "containers", earlier.containers);
    removeContainers(spec, "initContainers", earlier.initContainers);
    const annotations = objectAt(objectAt(stripped, "metadata"), "annotations");
    if (prometheusValue(annotations, "port") === String(statusPort)) clearPrometheus(annotations);
    delete annotations[ANNOTATION.status];
  }
  for (const list of ["containers", "initContainers"] as const) {
    const containers = objectsAt(spec, list);
    const names = new Set(containers.map((container) => textAt(container, "name")));
    const added = overrides[list].filter((container) => {
      const name = textAt(container, "name");
      return !names.has(name) && names.add(name);
    });
    if (added.length > 0) spec[list] = [...containers, ...added];
  }
  return stripped;
}
