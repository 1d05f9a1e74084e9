/**
 * One document of Istio's kinds, from JSON or YAML that is decoded already: what the API server would refuse by the kind's schema, and what
 * istiod's webhook would refuse or warn of. Each finding names its field.
 */
import { quote } from "../base/mod.ts";
import { isKindRead, type IstioKind, type IstioSpecs, KINDS } from "./kinds.ts";
import { checkAnnotations, readMeta } from "./metadata.ts";
import type { DocumentPlace, ObjectMeta } from "./port.ts";
import {
  below,
  type Cursor,
  type FaultSource,
  type FieldPath,
  type Findings,
  type Json,
  misfit,
  rootCursor,
  type Schema,
} from "./schema/port.ts";
import { describe } from "./schema/scalar.ts";

const TOP_FIELDS = ["apiVersion", "kind", "metadata", "spec", "status"];
/** What checks of one document may cost beyond its characters; see `costOfRegex`. */
const BUDGET = 300_000;
/** Findings that are kept of one document; more help nobody. */
export const MAX_FINDINGS = 20;

/** A document that signet reads, with its kind, `metadata` and `spec`. */
export type IstioDocument = {
  [Kind in IstioKind]: {
    /** Its kind. */
    readonly kind: Kind;
    /** Who it is. */
    readonly meta: ObjectMeta;
    /** Where it stands. */
    readonly place: DocumentPlace;
    /** What it says. */
    readonly spec: IstioSpecs[Kind];
  };
}[IstioKind];

/** Something that is wrong, or probably not meant, with a field. */
export interface Finding {
  /** Steps to the field; empty for the document as a whole. */
  readonly path: FieldPath;
  /** What is wrong and what should be, without the place. */
  readonly reason: string;
}

/** A finding that is refused. */
export interface Fault extends Finding {
  /** `rule`: istiod's webhook refuses it, in these words where it has some. `schema`: the value is not as the kind's description says. */
  readonly by: FaultSource;
}

/** What a document holds. */
export interface ParsedDocument {
  /** The document; undefined when it has faults, or when it is of another kind. */
  readonly document: IstioDocument | undefined;
  /** What could be read of a document with faults: what is wrong in it reads as something else. Undefined for one without. */
  readonly faulty: IstioDocument | undefined;
  /** What is refused. */
  readonly faults: readonly Fault[];
  /** What is taken and probably not meant. */
  readonly warnings: readonly Finding[];
  /** `apiVersion` and `kind` of a document that signet does not read; undefined for one that it does. */
  readonly unread: string | undefined;
}

/** How a document is read. */
export interface ParseOptions {
  /** Where it stands; by default nowhere. */
  readonly place?: DocumentPlace;
  /** What a field is that no schema names: a fault, as for `kubectl`, or a warning. By default a fault. */
  readonly unknownFields?: "fault" | "warn";
  /**
   * True for an object that an API server asks about: its name and its version are that server's affair, and of a kind that signet does not
   * read the annotations are checked all the same. Default: false.
   */
  readonly admitted?: boolean;
}

/** Reads one document. Never throws. */
export function parseDocument(
  value: unknown,
  { place = { file: "", line: 0 }, unknownFields = "fault", admitted = false }: ParseOptions = {},
): ParsedDocument {
  const faults: Fault[] = [];
  const warnings: Finding[] = [];
  const done = (unread?: string, document?: IstioDocument): ParsedDocument => ({
    document: faults.length > 0 ? undefined : document,
    faulty: faults.length > 0 ? document : undefined,
    ...{ faults, warnings, unread },
  });
  const refuse = (path: FieldPath, reason: string, by: FaultSource) => {
    if (faults.length < MAX_FINDINGS) faults.push({ path, reason, by });
  };
  const warning = (path: FieldPath, reason: string) => {
    if (warnings.length < MAX_FINDINGS) warnings.push({ path, reason });
  };
  const inSchema: Findings = {
    budget: { left: BUDGET },
    fault: refuse,
    warning,
    unknownField: unknownFields === "warn"
      ? warning
      : (path, reason) => refuse(path, reason, "schema"),
  };
  const top = rootCursor(inSchema);
  const head = readHead(value, top);
  if (head === undefined) return done();
  const { kind, group, version, fields } = head;
  if (!isKindRead(kind, group)) {
    if (admitted) {
      const meta = readMeta(fields["metadata"], below(top, "metadata"), { admitted });
      checkAnnotations({ kind, meta, action: "" }, below(top, "metadata", "annotations"));
    }
    return done(`${head.apiVersion} ${kind}`);
  }
  const rule = KINDS[kind];
  if (!admitted && !rule.versions.includes(version)) {
    const served = rule.versions.map((each) => `${group}/${each}`).join(", ");
    misfit(below(top, "apiVersion"), `${quote(head.apiVersion)} should be one of ${served}`);
  }
  for (const name of Object.keys(fields)) {
    if (TOP_FIELDS.includes(name)) continue;
    inSchema.unknownField([name], `is not a field here; fields are ${TOP_FIELDS.join(", ")}`);
  }
  const meta = readMeta(fields["metadata"], below(top, "metadata"), { admitted });
  const written = fields["spec"];
  const inSpec = below(top, "spec");
  if (written === null) misfit(inSpec, "is null: give it a value, or leave it out");
  else if (written === undefined && rule.needsSpec) misfit(inSpec, "is missing");
  const spec = rule.schema.read(written ?? {}, inSpec) as IstioSpecs[IstioKind];
  const document = { kind, meta, place, spec } as IstioDocument;
  const after = rootCursor(besideFaults(inSchema, [...faults]));
  const action = document.kind === "AuthorizationPolicy" ? document.spec.action : "";
  checkAnnotations({ kind, meta, action }, below(after, "metadata", "annotations"));
  (rule.check as (spec: unknown, at: Cursor, meta: ObjectMeta) => void)(
    spec,
    below(after, "spec"),
    meta,
  );
  return done(undefined, document);
}

/** The JSON form of a document, in the newest version of its kind; fields that have their zeros are left out. */
export function documentToJson({ kind, meta, spec }: IstioDocument): Json {
  const { group, versions, schema } = KINDS[kind];
  const { name, namespace, labels, annotations } = meta;
  const texts = (field: string, value: Readonly<Record<string, string>>) =>
    Object.keys(value).length > 0 ? { [field]: value } : {};
  return {
    apiVersion: `${group}/${versions[0]}`,
    kind,
    metadata: {
      ...{ name, namespace },
      ...texts("labels", labels),
      ...texts("annotations", annotations),
    },
    spec: (schema as Schema<unknown>).write(spec) ?? {},
  };
}

interface Head {
  readonly apiVersion: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a document says it is; `undefined`, with a fault, when it says nothing. */
function readHead(value: unknown, at: Cursor): Head | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    misfit(at, `is ${describe(value)}, should be a mapping`);
  }
  const fields = (typeof value === "object" && value !== null ? value : {}) as Head["fields"];
  const read = (name: string) => {
    const text = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (text === undefined || typeof text === "string") return text ?? "";
    misfit(below(at, name), `is ${describe(text)}, should be a text; put it in quotes`);
    return "";
  };
  const [apiVersion, kind] = [read("apiVersion"), read("kind")];
  if (kind === "" || apiVersion === "") {
    misfit(at, "has no apiVersion or kind, should be an object such as a ServiceEntry");
    return undefined;
  }
  const [group = "", ...versions] = apiVersion.split("/");
  const version = versions.join("/");
  return { apiVersion, group, version, kind, fields };
}

/** Findings of rules: none of a field that is wrong already, nor of what holds it or is in it. */
function besideFaults(findings: Findings, faults: readonly Finding[]): Findings {
  const isWrong = (path: FieldPath) =>
    faults.some(({ path: wrong }) => {
      const [short, long] = wrong.length < path.length ? [wrong, path] : [path, wrong];
      return short.every((step, index) => step === long[index]);
    });
  return {
    ...findings,
    fault: (path, reason, by) => isWrong(path) ? undefined : findings.fault(path, reason, by),
  };
}
