/** A request from the webhook to its outcome: nothing that a pod holds ends in an exception. */
import { isSignetError, messageOf } from "../base/mod.ts";
import { decide } from "./decision.ts";
import { type Draft, member, objectAt, sizeFault, textAt } from "./document.ts";
import { typeFault } from "./go_json.ts";
import { injectPod } from "./inject_pod.ts";
import { POD } from "./pod_types.ts";
import type { InjectOutcome, InjectRequest } from "./port.ts";
import type { InjectState } from "./state.ts";

/** The outcome, and what the log should know. */
export interface Injection {
  /** What came of it. */
  readonly outcome: InjectOutcome;
  /** The pod, `namespace/name`. */
  readonly pod: string;
  /** A setting of the pod or the configuration that means nothing. */
  readonly warning: string | undefined;
  /** What was thrown that no refusal foresaw: a defect. */
  readonly defect: unknown;
}

/** Answers a request. */
export function injectInto(request: InjectRequest, state: InjectState): Injection {
  const pod = withoutManagers(request.pod);
  const excess = sizeFault(pod);
  const fault = excess === undefined
    ? typeFault(POD, pod)
    : `Cannot inject into the pod: ${excess}`;
  if (fault !== undefined) return refusal(fault, "");
  const metadata = objectAt(pod, "metadata");
  const namespace = textAt(metadata, "namespace") || request.namespace;
  const name = `${namespace}/${textAt(metadata, "name") || textAt(metadata, "generateName")}`;
  const { injects, warning } = decide(pod, namespace, state.settings);
  const known = { pod: name, warning, defect: undefined };
  if (!injects) return { ...known, outcome: { kind: "skipped" } };
  try {
    const patch = injectPod(pod, { namespace, path: request.path }, state);
    return { ...known, outcome: { kind: "patched", patch } };
  } catch (thrown) {
    if (isSignetError(thrown, "inject.refused")) return refusal(messageOf(thrown), name, warning);
    return { ...refusal("the sidecar could not be injected", name, warning), defect: thrown };
  }
}

/** The pod without the record of who set which field: it may be long, and injection neither reads nor changes it. */
function withoutManagers(pod: Readonly<Record<string, unknown>>): Draft {
  const metadata = objectAt(pod, "metadata");
  if (member(metadata, "managedFields") === undefined) return pod;
  const { managedFields: _managers, ...rest } = metadata;
  return { ...pod, metadata: rest };
}

function refusal(message: string, pod: string, warning?: string): Injection {
  return { outcome: { kind: "failed", message }, pod, warning, defect: undefined };
}
