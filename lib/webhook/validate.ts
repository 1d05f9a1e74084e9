/**
 * Validation of Istio's kinds for an API server, in the steps and words of istiod's webhook: operation, object, kind, form, rules, fields.
 *
 * It needs no cluster. What signet cannot check passes and says so.
 */
import { type Fault, type Finding, formatPath, parseDocument } from "../istio/mod.ts";
import { asObject, asText } from "../kube/mod.ts";
import { type AdmissionRequest, type AdmissionResponse, goKindOf } from "./admission_review.ts";
import { reviewedKind } from "./kinds.ts";

const TOP_FIELDS = ["apiVersion", "kind", "metadata", "spec", "status"];
const OPERATIONS = ["CREATE", "UPDATE"];
/** An API server cuts warnings at this many characters. */
const MAX_WARNING_CHARS = 256;

/** Why a document does not pass, as istiod's counter calls it. */
export type ValidationReason =
  | "unsupported_operation"
  | "yaml_decode_error"
  | "unknown_type"
  | "crd_conversion_error"
  | "invalid_resource";

/** What came of it. */
export interface Validation {
  /** What is answered. */
  readonly response: AdmissionResponse;
  /** Why it is counted as failed; `undefined` when it passed. */
  readonly reason: ValidationReason | undefined;
  /** The kind that was found in the object. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
}

/** Validates the object of a request. Never throws. */
export function validate(request: AdmissionRequest): Validation {
  const object = asObject(request.object);
  const kind = kindOf(object);
  const refused = (reason: ValidationReason, message: string): Validation => ({
    ...{ kind, reason },
    response: { allowed: false, message },
  });
  if (!OPERATIONS.includes(request.operation)) {
    const reason = "unsupported_operation";
    return { kind: request.kind, reason, response: { allowed: true } };
  }
  const form = formFault(request.object);
  if (form !== undefined) {
    return refused("yaml_decode_error", `cannot decode configuration: ${form}`);
  }
  const known = reviewedKind(kind.group, kind.kind);
  if (known === undefined) {
    const { group, version, kind: name } = kind;
    return refused("unknown_type", `unrecognized type ${group}/${version}, Kind=${name}`);
  }
  if (known.review === "foreign") {
    return { kind, reason: undefined, response: { allowed: true } };
  }
  const parsed = parseDocument(request.object, { unknownFields: "warn", admitted: true });
  const verdict = verdictOf(parsed.faults, object);
  if (verdict !== undefined) return refused(...verdict);
  const extra = Object.keys(object).find((field) => !TOP_FIELDS.includes(field));
  if (extra !== undefined) {
    const { namespace } = request;
    const who = `${namespace}/${asText(asObject(object["metadata"])["name"])}`;
    const field = JSON.stringify(extra);
    return refused(
      "invalid_resource",
      `unknown field ${field} on ${kind.kind} resource ${who}`,
    );
  }
  const unchecked = known.review === "unchecked"
    ? [`signet does not check the spec of ${kind.kind}: it was admitted as it is`]
    : [];
  const warnings = [...unchecked, ...parsed.warnings.map(warningOf)];
  return { kind, reason: undefined, response: { allowed: true, warnings } };
}

/** Group, version and kind of an object, read as Kubernetes does: more than one slash makes no version. */
function kindOf(object: Readonly<Record<string, unknown>>): Validation["kind"] {
  const parts = asText(object["apiVersion"]).split("/");
  if (parts.length > 2) return { group: "", version: "", kind: "" };
  const [group, version] = parts.length === 2 ? parts : ["", parts[0]];
  return { group: group!, version: version!, kind: asText(object["kind"]) };
}

/** What keeps an object from being read as one of Kubernetes. */
function formFault(object: unknown): string | undefined {
  if (object === undefined) return "unexpected end of JSON input";
  if (goKindOf(object) !== "object") {
    return `json: cannot unmarshal ${goKindOf(object)} into Go value of type crd.IstioKind`;
  }
  const { apiVersion, kind, metadata } = asObject(object);
  for (const [field, value] of [["apiVersion", apiVersion], ["kind", kind]] as const) {
    if (value !== undefined && value !== null && typeof value !== "string") {
      return misfit(value, field, "string");
    }
  }
  if (metadata !== undefined && metadata !== null && goKindOf(metadata) !== "object") {
    return misfit(metadata, "metadata", "v1.ObjectMeta");
  }
  return undefined;
}

function misfit(value: unknown, field: string, type: string): string {
  return `json: cannot unmarshal ${
    goKindOf(value)
  } into Go struct field IstioKind.${field} of type ${type}`;
}

/** Reason and message of what is refused; `undefined` when nothing is. */
function verdictOf(
  faults: readonly Fault[],
  object: Readonly<Record<string, unknown>>,
): readonly [ValidationReason, string] | undefined {
  const isOf = (field: string) => ({ path }: Finding) => path[0] === field;
  const inSchema = faults.filter(({ by }) => by === "schema");
  const ofMetadata = inSchema.filter(isOf("metadata"));
  if (ofMetadata.length > 0) {
    return ["yaml_decode_error", `cannot decode configuration: ${listOf(ofMetadata.map(placed))}`];
  }
  if (inSchema.length > 0) {
    return [
      "crd_conversion_error",
      `error decoding configuration: ${listOf(inSchema.map(placed))}`,
    ];
  }
  if (faults.length === 0) return undefined;
  // istiod looks at annotations first, and says the first alone.
  const annotation = faults.find(isOf("metadata"));
  const reasons = annotation === undefined
    ? faults.map(({ reason }) => `${prefixOf(object)}${reason}`)
    : [annotation.reason];
  return ["invalid_resource", `configuration is invalid: ${listOf(reasons)}`];
}

/** A policy's faults name it. */
function prefixOf({ kind, metadata }: Readonly<Record<string, unknown>>): string {
  if (kind !== "AuthorizationPolicy") return "";
  const { name, namespace } = asObject(metadata);
  return `invalid policy ${asText(name)}.${asText(namespace)}: `;
}

function placed({ path, reason }: Finding): string {
  const field = formatPath(path);
  return field === "" ? reason : `${field} ${reason}`;
}

function warningOf({ path, reason }: Finding): string {
  const text = reason.startsWith("is not a field here")
    ? `unknown field ${JSON.stringify(formatPath(path))}`
    : reason;
  return text.length > MAX_WARNING_CHARS ? `${text.slice(0, MAX_WARNING_CHARS - 3)}...` : text;
}

/** One as it is, several in the list that istiod writes. */
function listOf(reasons: readonly string[]): string {
  if (reasons.length === 1) return reasons[0]!;
  const lines = reasons.map((reason) => `* ${reason}`).join("\n\t");
  return `${reasons.length} errors occurred:\n\t${lines}\n\n`;
}
