/**
 * The documents in force over many files and a cluster. The file is the unit: one with a fault keeps the documents that it had before, so that a
 * mistake takes nothing away. Two documents of one kind, namespace and name are a fault of the later file.
 */
import {
  type DocumentFault,
  type IstioDocument,
  parseIstioFile,
  type UnreadDocument,
} from "../istio/mod.ts";

/** What is known of one file. */
export interface FileState {
  /** The stamp of the content that was read last. */
  readonly stamp: string;
  /** Documents in force: of the last content without a fault. */
  readonly documents: readonly IstioDocument[];
  /** What is wrong with the content that was read last. */
  readonly faults: readonly DocumentFault[];
  /** What in it is taken and probably not meant. */
  readonly warnings: readonly DocumentFault[];
  /** Documents in it of kinds that are not read. */
  readonly unread: readonly UnreadDocument[];
}

const NOTHING = { documents: [], warnings: [], unread: [] };

/** Files by path. */
export type FileStates = ReadonlyMap<string, FileState>;

/** Reads one file's new content over what was in force. */
export function readOver(
  before: FileState | undefined,
  { path, stamp, content }: {
    readonly path: string;
    readonly stamp: string;
    readonly content: { readonly text: string } | { readonly reason: string };
  },
): FileState {
  if (!("text" in content)) {
    const faults = [{ file: path, line: 1, field: "", reason: content.reason }];
    return { ...(before ?? NOTHING), stamp, faults };
  }
  const { documents, faults, warnings, unread } = parseIstioFile(content.text, path);
  return {
    stamp,
    documents: faults.length > 0 ? before?.documents ?? [] : documents,
    faults,
    warnings,
    unread,
  };
}

/** What is known of all files together. */
export interface Collected {
  /** All documents in order of path, without repeats. */
  readonly documents: readonly IstioDocument[];
  /** What is wrong. */
  readonly faults: readonly DocumentFault[];
  /** What is taken and probably not meant. */
  readonly warnings: readonly DocumentFault[];
  /** Documents of kinds that are not read. */
  readonly unread: readonly UnreadDocument[];
}

/** Brings the files together. */
export function collect(files: FileStates): Collected {
  const states = [...files].sort(([one], [other]) => one < other ? -1 : 1).map(([, state]) =>
    state
  );
  return withoutRepeats({
    documents: states.flatMap(({ documents }) => documents),
    faults: states.flatMap(({ faults }) => faults),
    warnings: states.flatMap(({ warnings }) => warnings),
    unread: states.flatMap(({ unread }) => unread),
  });
}

/** Brings documents of two places together; of two with one kind, namespace and name the first place's is in force. */
export function join(first: Collected, second: Collected): Collected {
  return withoutRepeats({
    documents: [...first.documents, ...second.documents],
    faults: [...first.faults, ...second.faults],
    warnings: [...first.warnings, ...second.warnings],
    unread: [...first.unread, ...second.unread],
  });
}

function withoutRepeats({ documents, faults, ...rest }: Collected): Collected {
  const seen = new Map<string, IstioDocument>();
  const repeats: DocumentFault[] = [];
  for (const document of documents) {
    const { kind, meta, place } = document;
    const key = `${kind} ${meta.namespace}/${meta.name}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, document);
    else {
      const where = `${first.place.file}:${first.place.line}`;
      repeats.push({ ...place, field: "metadata.name", reason: `${key} is in ${where} already` });
    }
  }
  return { ...rest, documents: [...seen.values()], faults: [...faults, ...repeats] };
}
