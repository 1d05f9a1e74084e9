/** A watch's stream: one JSON document a line, each `{ "type": ..., "object": ... }`. */
import { SignetError } from "../base/mod.ts";
import { asObject } from "./documents.ts";
import type { WatchEvent } from "./port.ts";

/** Longest line: an object is at most a few megabytes, as etcd takes no more. */
export const MAX_LINE_CHARS = 16 << 20;

const TYPES: readonly string[] = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"];

/** The lines of a stream, without their ends; a last line without an end was cut off and is left out. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first = "", ...more] = decoder.decode(chunk, { stream: true }).split("\n");
    rest.push(first);
    length += first.length;
    for (const next of more) {
      yield rest.join("");
      rest = [next];
      length = next.length;
    }
    if (length > MAX_LINE_CHARS) {
      throw new SignetError(
        "kube.bad_answer",
        `Cannot read a watch: a line has more than ${MAX_LINE_CHARS} characters`,
      );
    }
  }
}

/** Decodes one line. @throws {SignetError} `kube.bad_answer`. */
export function parseWatchEvent(line: string): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (thrown) {
    throw new SignetError("kube.bad_answer", "Cannot read a watch: a line is no JSON", {
      cause: thrown,
    });
  }
  const { type, object } = asObject(event);
  if (typeof type === "string" && TYPES.includes(type)) {
    return { type: type as WatchEvent["type"], object: asObject(object) };
  }
  throw new SignetError("kube.bad_answer", "Cannot read a watch: a line is no watch event");
}
