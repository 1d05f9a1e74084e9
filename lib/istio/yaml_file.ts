/**
 * A YAML file of Istio's kinds to documents: every fault of the file at once, each with line and field.
 *
 * The file is the unit: with one fault it gives no documents, so that a change is taken whole or not at all. Documents of kinds that
 * signet does not read are listed and left alone, as a folder of a mesh's configuration holds many.
 */
import { isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { messageOf } from "../base/mod.ts";
import { type Finding, type IstioDocument, parseDocument } from "./document.ts";
import type { DocumentFault, UnreadDocument } from "./port.ts";
import { type FieldPath, formatPath } from "./schema/port.ts";

/** Longest file, in characters; a ServiceEntry takes a few hundred. */
export const MAX_FILE_CHARS = 4 << 20;
/** Most documents of one file. */
const MAX_DOCUMENTS = 10_000;
/** Aliases that one document may resolve: enough for people, too few for a bomb. */
const MAX_ALIASES = 100;
/** Faults and warnings that are reported of one file; more help nobody. */
const MAX_FINDINGS = 20;

type YamlDocument = Exclude<ReturnType<typeof parseAllDocuments>, { empty: true }>[number];

/** What one file holds. A file with a fault has no documents: it counts as a whole. */
export interface ParsedFile {
  /** The documents, in order; empty when there is a fault. */
  readonly documents: readonly IstioDocument[];
  /** What is wrong. */
  readonly faults: readonly DocumentFault[];
  /** What is taken and probably not meant. */
  readonly warnings: readonly DocumentFault[];
  /** What was left alone. */
  readonly unread: readonly UnreadDocument[];
}

/** Reads a file's text; `file` is its path, for messages. Never throws. */
export function parseIstioFile(text: string, file: string): ParsedFile {
  const context: FileContext = {
    ...{ file, faults: [], warnings: [], documents: [], unread: [] },
    lines: new LineCounter(),
  };
  const whole = (line: number, reason: string) =>
    void context.faults.push({ file, line, field: "", reason });
  if (text.length > MAX_FILE_CHARS) {
    whole(1, `the file has ${text.length} characters, at most ${MAX_FILE_CHARS} are read`);
    return resultOf(context);
  }
  const parsed = parseAllDocuments(text, {
    lineCounter: context.lines,
    prettyErrors: false,
    // The library compares each key with all before it; `repeatedKeys` does not.
    uniqueKeys: false,
  });
  const found = "empty" in parsed ? [] : parsed;
  if (found.length > MAX_DOCUMENTS) {
    whole(1, `the file has ${found.length} documents, at most ${MAX_DOCUMENTS} are read`);
    return resultOf(context);
  }
  for (const document of found) {
    for (const error of document.errors) {
      whole(lineAt(error.pos[0], context), `is not YAML: ${error.message}`);
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const repeated = repeatedKeys(document.contents);
    for (const offset of repeated) {
      whole(lineAt(offset, context), "is not YAML: Map keys must be unique");
    }
    if (repeated.length === 0) readOne(document, context);
  }
  return resultOf(context);
}

interface FileContext {
  readonly file: string;
  readonly lines: LineCounter;
  readonly faults: DocumentFault[];
  readonly warnings: DocumentFault[];
  readonly documents: IstioDocument[];
  readonly unread: UnreadDocument[];
}

/** Where keys stand that their mappings have already, in order. */
function repeatedKeys(contents: unknown): readonly number[] {
  const repeated: number[] = [];
  const nodes = [contents];
  while (nodes.length > 0) {
    const node = nodes.pop();
    if (isSeq(node)) { for (const item of node.items) nodes.push(item); }
    if (!isMap(node)) continue;
    const seen = new Set<unknown>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? key.value : key;
      if (seen.has(name)) repeated.push(isNode(key) ? key.range?.[0] ?? 0 : 0);
      seen.add(name);
      nodes.push(key, value);
    }
  }
  return repeated.sort((one, other) => one - other);
}

function resultOf({ faults, warnings, documents, unread }: FileContext): ParsedFile {
  return {
    documents: faults.length > 0 ? [] : documents,
    faults: faults.slice(0, MAX_FINDINGS),
    warnings: warnings.slice(0, MAX_FINDINGS),
    unread,
  };
}

function lineAt(offset: number, { lines }: FileContext): number {
  return Math.max(1, lines.linePos(offset).line);
}

function readOne(yaml: YamlDocument, context: FileContext): void {
  const { file } = context;
  const line = lineAt(yaml.contents!.range![0], context);
  const located = ({ path, reason }: Finding): DocumentFault => ({
    file,
    line: lineOf(yaml, path, context) ?? line,
    field: formatPath(path),
    reason,
  });
  let value: unknown;
  try {
    value = yaml.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (thrown) {
    const reason = `cannot be read: ${messageOf(thrown)}`;
    return void context.faults.push({ file, line, field: "", reason });
  }
  if (value === null) return; // nothing but a separator or a comment
  const { document, faults, warnings, unread } = parseDocument(value, { place: { file, line } });
  context.faults.push(...faults.map(located));
  // Of what is refused the faults are enough.
  if (faults.length === 0) context.warnings.push(...warnings.map(located));
  if (unread !== undefined) context.unread.push({ file, line, what: unread });
  if (document !== undefined) context.documents.push(document);
}

/** The line of the deepest part of `path` that is written. */
function lineOf(yaml: YamlDocument, path: FieldPath, context: FileContext): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = yaml.getIn(path.slice(0, length), true);
    const range = (node as { readonly range?: readonly number[] } | undefined)?.range;
    if (range !== undefined) return lineAt(range[0]!, context);
  }
  return undefined;
}
