/** Templates of a pod: which ones, what they render to, and that as a partial pod. */
import { messageOf, SignetError } from "../base/mod.ts";
import { ANNOTATION } from "./annotations.ts";
import { moveProxyToInit } from "./containers.ts";
import { CONTAINER } from "./containers.ts";
import {
  copyOf,
  type Draft,
  emptyDraft,
  isDraft,
  member,
  named,
  objectAt,
  objectsAt,
} from "./document.ts";
import { typeFault } from "./go_json.ts";
import { mergeDocuments, mergeReason } from "./merge.ts";
import { POD } from "./pod_types.ts";
import type { InjectorSettings } from "./settings.ts";
import { parseYaml } from "./yaml.ts";

/** Most templates of one pod. */
export const MAX_TEMPLATES_OF_POD = 20;

/** Names of the templates for a pod, aliases resolved. */
export function templateNames(
  annotation: string | undefined,
  { defaultTemplates, aliases }: Pick<InjectorSettings, "defaultTemplates" | "aliases">,
): readonly string[] {
  const asked = annotation?.split(",").map((name) => name.trim()) ?? defaultTemplates;
  return asked.flatMap((name) => aliases.get(name) ?? [name]);
}

/** What rendering gives. */
export interface Rendered {
  /** Everything that the templates put in, by itself. */
  readonly injected: Draft;
}

/**
 * Renders the pod's templates and merges each into the pod.
 *
 * @param pod is changed.
 * @throws {SignetError} `inject.refused`, in istiod's words.
 */
export function renderTemplates(
  pod: Draft,
  data: unknown,
  settings: InjectorSettings,
  options: { readonly nativeSidecars: boolean },
): Rendered {
  const annotations = objectAt(objectAt(pod, "metadata"), "annotations");
  const asked = member(annotations, ANNOTATION.templates);
  const names = templateNames(typeof asked === "string" ? asked : undefined, settings);
  if (names.length > MAX_TEMPLATES_OF_POD) {
    throw refused(`more than ${MAX_TEMPLATES_OF_POD} templates are requested`);
  }
  const spec = objectAt(pod, "spec");
  const injected = emptyDraft();
  for (const name of names) {
    const overlay = renderOne(name, data, settings);
    merge(injected, copyOf(overlay), "failed applying injection overlay: strategic merge: ");
    const own = member(annotations, ANNOTATION.nativeSidecar);
    const isNative = own === "true" || options.nativeSidecars && own !== "false";
    const initContainers = objectsAt(objectAt(injected, "spec"), "initContainers");
    if (isNative && named(initContainers, CONTAINER.proxy) !== undefined) moveProxyToInit(spec);
    merge(pod, overlay, `${BAD_RESULT}: strategic merge: `);
  }
  return { injected };
}

const BAD_RESULT =
  "failed parsing generated injected YAML (check Istio sidecar injector configuration)";

function renderOne(name: string, data: unknown, { templates }: InjectorSettings): Draft {
  const template = templates.get(name);
  if (template === undefined) {
    const known = [...templates.keys()].sort().join(", ");
    throw refused(`requested template ${JSON.stringify(name)} not found; have ${known}`);
  }
  let text;
  try {
    text = template.render(data);
  } catch (thrown) {
    throw refused(messageOf(thrown), thrown);
  }
  let overlay;
  try {
    overlay = parseYaml(text) ?? emptyDraft();
  } catch (thrown) {
    throw refused(
      `failed applying injection overlay: strategic merge: invalid JSON document: ${
        messageOf(thrown)
      }`,
      thrown,
    );
  }
  if (!isDraft(overlay)) {
    throw refused("failed applying injection overlay: strategic merge: invalid JSON document");
  }
  const fault = typeFault(POD, overlay);
  if (fault === undefined) return overlay;
  throw refused(`failed applying injection overlay: unmarshal patched pod: ${fault}`);
}

function merge(into: Draft, overlay: Draft, prefix: string): void {
  try {
    mergeDocuments(POD, into, overlay);
  } catch (thrown) {
    throw refused(prefix + mergeReason(thrown), thrown);
  }
}

/** A refusal whose words are istiod's. */
export function refused(reason: string, cause?: unknown): SignetError {
  return new SignetError("inject.refused", reason, cause === undefined ? {} : { cause });
}
