/** `metadata` of a document, and the annotations that Istio looks at; what Kubernetes adds to an object (`uid`, ...) is left alone. */
import { quote } from "../base/mod.ts";
import { objectNameFault } from "./names.ts";
import type { ObjectMeta } from "./port.ts";
import { map } from "./schema/collection.ts";
import { below, type Cursor, fault, misfit } from "./schema/port.ts";
import { describe, text } from "./schema/scalar.ts";

const DRY_RUN = "istio.io/dry-run";
const ALWAYS_REJECT = "internal.istio.io/webhook-always-reject";
/** By these an object would speak for another one. */
const PARENTS = ["internal.istio.io/parent-namespace", "internal.istio.io/parents"];
/** What Go reads as a boolean. */
const BOOLEAN_REGEXP = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
/** An annotation may hold a whole object: `kubectl apply` keeps one there. */
const TEXTS = map(text({ max: 1 << 20 }));

/** Reads `metadata`; the names of an object that an API server admits are that server's affair. */
export function readMeta(
  value: unknown,
  at: Cursor,
  { admitted = false }: { readonly admitted?: boolean } = {},
): ObjectMeta {
  const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMapping && value !== undefined && value !== null) {
    misfit(at, `is ${describe(value)}, should be a mapping`);
  }
  const fields = (isMapping ? value : {}) as Readonly<Record<string, unknown>>;
  const named = (field: string, fallback: string) => {
    const name = fields[field] ?? fallback;
    if (typeof name !== "string") {
      misfit(below(at, field), `is ${describe(name)}, should be a text; put it in quotes`);
      return fallback;
    }
    if (admitted) return name;
    const wrong = name === "" ? undefined : objectNameFault(name);
    if (name === "") misfit(below(at, field), "is missing");
    else if (wrong !== undefined) misfit(below(at, field), `${quote(name)} ${wrong}`);
    return name;
  };
  const texts = (field: string) => TEXTS.read(fields[field] ?? {}, below(at, field));
  return {
    name: named("name", ""),
    namespace: named("namespace", "default"),
    labels: texts("labels"),
    annotations: texts("annotations"),
  };
}

/** What the rules of annotations look at. */
export interface AnnotatedDocument {
  /** Its kind. */
  readonly kind: string;
  /** Who it is. */
  readonly meta: ObjectMeta;
  /** The action of an AuthorizationPolicy. */
  readonly action: string;
}

/** The rules of annotations that only Istio itself may set, and of a policy that is tried out; in the order of istiod's webhook. */
export function checkAnnotations(document: AnnotatedDocument, at: Cursor): void {
  const { annotations } = document.meta;
  const has = (annotation: string) => Object.hasOwn(annotations, annotation);
  if (has(DRY_RUN)) fault(below(at, DRY_RUN), dryRunFault(document, annotations[DRY_RUN]!));
  if (has(ALWAYS_REJECT)) {
    fault(below(at, ALWAYS_REJECT), `"${ALWAYS_REJECT}" annotation found, rejecting`);
  }
  for (const parent of PARENTS.filter(has)) {
    fault(below(at, parent), `"${parent}" annotation found, this may not be set by users`);
  }
}

/** A policy that allows or denies may be tried out. */
function dryRunFault(
  { kind, meta, action }: AnnotatedDocument,
  value: string,
): string | undefined {
  const who = `${meta.namespace}/${meta.name}`;
  if (kind !== "AuthorizationPolicy") {
    return `${who} has unsupported annotation ${DRY_RUN}, please remove the annotation`;
  }
  if (action !== "ALLOW" && action !== "DENY") {
    return `the annotation ${DRY_RUN} currently only supports action ALLOW/DENY, found action ${action} in ${who}`;
  }
  return BOOLEAN_REGEXP.test(value)
    ? undefined
    : `${who} has annotation ${DRY_RUN} with invalid value (${value}): strconv.ParseBool: parsing ${
      quote(value)
    }: invalid syntax`;
}
