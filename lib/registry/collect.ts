/**
 * The documents in force over many files. The file is the unit: one with a fault keeps the documents that it had before, so that a
 * mistake takes nothing away. Two documents of one kind, namespace and name are a fault of the later file.
 */
import { type DocumentFault, type IstioDocument, parseIstioFile } from "../istio/mod.ts";

/** What is known of one file. */
export interface FileState {
  /** The stamp of the content that was read last. */
  readonly stamp: string;
  /** Documents in force: of the last content without a fault. */
  readonly documents: readonly IstioDocument[];
  /** What is wrong with the content that was read last. */
  readonly faults: readonly DocumentFault[];
  /** Kinds in it that are not read, with their number. */
  readonly unread: number;
}

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
    return { stamp, documents: before?.documents ?? [], faults, unread: before?.unread ?? 0 };
  }
  const { documents, faults, unread } = parseIstioFile(content.text, path);
  return {
    stamp,
    documents: faults.length > 0 ? before?.documents ?? [] : documents,
    faults,
    unread: unread.length,
  };
}

/** All documents in order of path, without repeats, and the faults of all files. */
export function collect(
  files: FileStates,
): { readonly documents: readonly IstioDocument[]; readonly faults: readonly DocumentFault[] } {
  const seen = new Map<string, IstioDocument>();
  const faults: DocumentFault[] = [];
  for (const [, state] of [...files].sort(([one], [other]) => one < other ? -1 : 1)) {
    faults.push(...state.faults);
    for (const document of state.documents) {
      const { kind, meta, place } = document;
      const key = `${kind} ${meta.namespace}/${meta.name}`;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, document);
      else {
        const where = `${first.place.file}:${first.place.line}`;
        faults.push({ ...place, field: "metadata.name", reason: `${key} is in ${where} already` });
      }
    }
  }
  return { documents: [...seen.values()], faults };
}
