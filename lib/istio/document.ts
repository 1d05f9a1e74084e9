/**
 * A YAML file of Istio's kinds to documents: every fault of the file at once, each with line and field.
 *
 * The file is the unit: with one fault it gives no documents, so that a change is taken whole or not at all. Documents of kinds that
 * signet does not read are listed and left alone, as a folder of a mesh's configuration holds many.
 */
import { LineCounter, parseAllDocuments } from "yaml";
import { messageOf, quote } from "../base/mod.ts";
import {
  type FieldContext,
  type FieldPath,
  formatPath,
  readMapping,
  readText,
  readTextMap,
} from "./fields.ts";
import { objectNameFault } from "./names.ts";
import type {
  DocumentFault,
  IstioDocument,
  ObjectMeta,
  ParsedFile,
  UnreadDocument,
} from "./port.ts";
import { readServiceEntry } from "./service_entry.ts";
import { readWorkloadEntry } from "./workload_entry.ts";

/** Longest file, in characters; a ServiceEntry takes a few hundred. */
export const MAX_FILE_CHARS = 4 << 20;
/** Most documents of one file. */
const MAX_DOCUMENTS = 10_000;
/** Aliases that one document may resolve: enough for people, too few for a bomb. */
const MAX_ALIASES = 100;
/** Faults that are reported of one file; more help nobody. */
const MAX_FAULTS = 20;
const GROUP_REGEXP = /^networking\.istio\.io\/v1(?:alpha3|beta1)?$/;
const TOP_FIELDS = ["apiVersion", "kind", "metadata", "spec", "status"];

type YamlDocument = Exclude<ReturnType<typeof parseAllDocuments>, { empty: true }>[number];

/** Reads a file's text; `file` is its path, for messages. Never throws. */
export function parseIstioFile(text: string, file: string): ParsedFile {
  const faults: DocumentFault[] = [];
  const whole = (line: number, reason: string) => faults.push({ file, line, field: "", reason });
  if (text.length > MAX_FILE_CHARS) {
    whole(1, `the file has ${text.length} characters, at most ${MAX_FILE_CHARS} are read`);
    return { documents: [], faults, unread: [] };
  }
  const lines = new LineCounter();
  const documents: IstioDocument[] = [];
  const unread: UnreadDocument[] = [];
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const found = "empty" in parsed ? [] : parsed;
  if (found.length > MAX_DOCUMENTS) {
    whole(1, `the file has ${found.length} documents, at most ${MAX_DOCUMENTS} are read`);
    return { documents: [], faults, unread: [] };
  }
  for (const document of found) {
    const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
    for (const error of document.errors) {
      whole(lineAt(error.pos[0]), `is not YAML: ${error.message}`);
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    readDocument(document, { file, lineAt, faults, documents, unread });
  }
  const kept = faults.slice(0, MAX_FAULTS);
  return { documents: faults.length > 0 ? [] : documents, faults: kept, unread };
}

interface FileContext {
  readonly file: string;
  readonly lineAt: (offset: number) => number;
  readonly faults: DocumentFault[];
  readonly documents: IstioDocument[];
  readonly unread: UnreadDocument[];
}

function readDocument(document: YamlDocument, file: FileContext): void {
  const start = file.lineAt(document.contents!.range![0]);
  const context: FieldContext = {
    fault: (path, reason) =>
      void file.faults.push({
        file: file.file,
        line: lineOf(document, path, file) ?? start,
        field: formatPath(path),
        reason,
      }),
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (thrown) {
    return context.fault([], `cannot be read: ${messageOf(thrown)}`);
  }
  if (value === null) return; // nothing but a separator or a comment
  const top = readMapping(value, [], { context });
  const apiVersion = readText(top["apiVersion"], ["apiVersion"], { context });
  const kind = readText(top["kind"], ["kind"], { context });
  if (kind === "" || apiVersion === "") {
    return context.fault(
      [],
      "has no apiVersion or kind, should be an object such as a ServiceEntry",
    );
  }
  const place = { file: file.file, line: start };
  if (!GROUP_REGEXP.test(apiVersion) || !isRead(kind)) {
    file.unread.push({ ...place, what: `${apiVersion} ${kind}` });
    return;
  }
  readMapping(value, [], { known: TOP_FIELDS, context });
  const meta = readMeta(top["metadata"], context);
  if (top["spec"] === undefined || top["spec"] === null) context.fault(["spec"], "is missing");
  const base = { meta, place };
  const spec = top["spec"] ?? {};
  if (kind === "WorkloadEntry") {
    file.documents.push({ ...base, kind, spec: readWorkloadEntry(spec, ["spec"], context) });
    return;
  }
  const entry = readServiceEntry(spec, ["spec"], context);
  if (entry.exportTo.includes(".") && entry.exportTo.includes(meta.namespace)) {
    context.fault(["spec", "exportTo"], "holds . and the namespace that it stands for, give one");
  }
  file.documents.push({ ...base, kind, spec: entry });
}

function isRead(kind: string): kind is IstioDocument["kind"] {
  return kind === "ServiceEntry" || kind === "WorkloadEntry";
}

/** Metadata; what Kubernetes adds to an object (`uid`, `generation` ...) is left alone. */
function readMeta(value: unknown, context: FieldContext): ObjectMeta {
  const fields = readMapping(value ?? {}, ["metadata"], { context });
  const named = (field: string, fallback: string) => {
    const text = readText(fields[field], ["metadata", field], { fallback, context });
    const wrong = text === "" ? "is missing" : objectNameFault(text);
    if (wrong !== undefined) {
      context.fault(["metadata", field], text === "" ? wrong : `${quote(text)} ${wrong}`);
    }
    return text;
  };
  return {
    name: named("name", ""),
    namespace: named("namespace", "default"),
    labels: readTextMap(fields["labels"], ["metadata", "labels"], context),
    annotations: readTextMap(fields["annotations"], ["metadata", "annotations"], context),
  };
}

/** The line of the deepest part of `path` that is written. */
function lineOf(document: YamlDocument, path: FieldPath, file: FileContext): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = (node as { readonly range?: readonly number[] } | undefined)?.range;
    if (range !== undefined) return file.lineAt(range[0]!);
  }
  return undefined;
}
