/**
 * AdmissionReview (`admission.k8s.io/v1` and `v1beta1`): what an API server asks and is told. Messages are those of the decoder of
 * Kubernetes as far as they are known by their words; what comes from outside is cut in them.
 */
import { fromUtf8, messageOf, quote } from "../base/mod.ts";
import { asObject, asText, type KubeDocument } from "../kube/mod.ts";

/** Versions that are understood. */
const VERSIONS: readonly string[] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];
const KIND = "AdmissionReview";
/** Objects in objects; those of Kubernetes stay below a hundred. */
export const MAX_DEPTH = 2_000;
/** Characters of a body that a message repeats. */
const MAX_REPEATED_CHARS = 200;

/** Group, version and kind, or resource in the place of the kind. */
export interface GroupVersion {
  /** Group; empty for the core's. */
  readonly group: string;
  /** Version. */
  readonly version: string;
}

/** What is to be admitted. */
export interface AdmissionRequest {
  /** What the answer repeats. */
  readonly uid: string;
  /** The kind of the object. */
  readonly kind: GroupVersion & { readonly kind: string };
  /** The resource. */
  readonly resource: GroupVersion & { readonly resource: string };
  /** Namespace of the request. */
  readonly namespace: string;
  /** `CREATE`, `UPDATE`, `DELETE`, `CONNECT`. */
  readonly operation: string;
  /** The object as it shall be; `undefined` when there is none. */
  readonly object: unknown;
  /** True when nothing will be stored. */
  readonly dryRun: boolean;
}

/** A body that was read. */
export type DecodedReview =
  /** It cannot be read; the answer has neither kind nor version. */
  | { readonly kind: "undecodable"; readonly message: string }
  /** It is a review that asks nothing. */
  | { readonly kind: "empty"; readonly apiVersion: string; readonly message: string }
  /** It asks. */
  | { readonly kind: "request"; readonly apiVersion: string; readonly request: AdmissionRequest };

/** What is answered. */
export type AdmissionResponse =
  | {
    readonly allowed: true;
    /** Operations of a JSON patch. */
    readonly patch?: readonly unknown[];
    /** What the user should know. */
    readonly warnings?: readonly string[];
  }
  | { readonly allowed: false; readonly message: string };

/** Reads a body. Never throws. */
export function decodeReview(body: Uint8Array): DecodedReview {
  const text = fromUtf8(body);
  if (isTooDeep(text)) {
    return undecodable(`couldn't get version/kind; json parse error: exceeded max depth`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const why = quote(messageOf(thrown)).slice(1, -1);
    return undecodable(`couldn't get version/kind; json parse error: ${why}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const what = `json: cannot unmarshal ${goKindOf(value)} into Go value of type ${KIND}`;
    return undecodable(`couldn't get version/kind; json parse error: ${what}`);
  }
  const review = value as KubeDocument;
  const { kind, apiVersion } = review;
  if (kind === undefined || kind === "") return undecodable(missing("Kind", text));
  if (apiVersion === undefined || apiVersion === "") {
    return undecodable(missing("apiVersion", text));
  }
  if (kind !== KIND || typeof apiVersion !== "string" || !VERSIONS.includes(apiVersion)) {
    const [what, version] = [kind, apiVersion].map((said) => quote(asText(said)));
    return undecodable(
      `no kind ${what} is registered for version ${version} in scheme "admission"`,
    );
  }
  return decodeRequest(review, apiVersion);
}

function undecodable(message: string): DecodedReview {
  return { kind: "undecodable", message };
}

function missing(field: string, text: string): string {
  const repeated = text.length > MAX_REPEATED_CHARS
    ? `${text.slice(0, MAX_REPEATED_CHARS)}...`
    : text;
  return `Object '${field}' is missing in '${repeated}'`;
}

function decodeRequest(review: KubeDocument, apiVersion: string): DecodedReview {
  const written = review["request"];
  if (written === undefined || written === null) {
    return { kind: "empty", apiVersion, message: "no request in AdmissionReview" };
  }
  const fault = typeFault(written);
  if (fault !== undefined) return undecodable(fault);
  const request = asObject(written);
  const kind = asObject(request["kind"]);
  const resource = asObject(request["resource"]);
  const versionOf = (of: KubeDocument) => ({
    group: asText(of["group"]),
    version: asText(of["version"]),
  });
  return {
    kind: "request",
    apiVersion,
    request: {
      uid: asText(request["uid"]),
      kind: { ...versionOf(kind), kind: asText(kind["kind"]) },
      resource: { ...versionOf(resource), resource: asText(resource["resource"]) },
      namespace: asText(request["namespace"]),
      operation: asText(request["operation"]),
      object: request["object"] ?? undefined,
      dryRun: request["dryRun"] === true,
    },
  };
}

/** The fields that are used, and what each must be; an absent one is its zero. */
const TYPES: Readonly<Record<string, readonly [is: string, go: string]>> = {
  uid: ["string", "types.UID"],
  namespace: ["string", "string"],
  operation: ["string", "string"],
  dryRun: ["bool", "bool"],
  kind: ["object", "v1.GroupVersionKind"],
  resource: ["object", "v1.GroupVersionResource"],
};

function typeFault(request: unknown): string | undefined {
  const misfit = (value: unknown, field: string, type: string) =>
    `json: cannot unmarshal ${
      goKindOf(value)
    } into Go struct field ${KIND}.request${field} of type ${type}`;
  if (goKindOf(request) !== "object") return misfit(request, "", "v1.AdmissionRequest");
  for (const [field, [is, type]] of Object.entries(TYPES)) {
    const value = asObject(request)[field];
    if (value !== undefined && value !== null && goKindOf(value) !== is) {
      return misfit(value, `.${field}`, type);
    }
  }
  return undefined;
}

/** What Go's decoder calls a value. */
export function goKindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** Whether a text opens more brackets in one another than are followed; a text that is too short for that is not looked at. */
function isTooDeep(text: string): boolean {
  if (text.length < 2 * MAX_DEPTH) return false;
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inText) {
      if (char === 0x5c) at++;
      else if (char === 0x22) inText = false;
    } else if (char === 0x22) inText = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}

/** The answer to a body, as JSON. */
export function encodeReview(decoded: DecodedReview, response: AdmissionResponse): string {
  const uid = decoded.kind === "request" ? decoded.request.uid : "";
  const head = decoded.kind === "undecodable" ? {} : { kind: KIND, apiVersion: decoded.apiVersion };
  return JSON.stringify({ ...head, response: { uid, ...bodyOf(response) } });
}

function bodyOf(response: AdmissionResponse): object {
  if (!response.allowed) {
    return { allowed: false, status: { metadata: {}, message: response.message } };
  }
  const { patch, warnings = [] } = response;
  return {
    allowed: true,
    ...(patch === undefined ? {} : {
      patch: new TextEncoder().encode(JSON.stringify(patch)).toBase64(),
      patchType: "JSONPatch",
    }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
