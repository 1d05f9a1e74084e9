/** Messages in a stream, each behind two octets with its length (RFC 1035 section 4.2.2). */
import { concatBytes } from "../../base/mod.ts";

/** Cuts a stream into messages; what is kept of an unfinished one is below 64 KiB and one chunk. */
export interface FrameReader {
  /** The messages that `chunk` completes. Views. */
  read(chunk: Uint8Array): readonly Uint8Array[];
}

/** Makes a reader at the start of a stream. */
export function createFrameReader(): FrameReader {
  let rest: Uint8Array = new Uint8Array(0);
  return {
    read(chunk) {
      const bytes = rest.length === 0 ? chunk : concatBytes([rest, chunk]);
      const frames: Uint8Array[] = [];
      let at = 0;
      while (at + 2 <= bytes.length) {
        const end = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
        if (end > bytes.length) break;
        frames.push(bytes.subarray(at + 2, end));
        at = end;
      }
      rest = bytes.slice(at);
      return frames;
    },
  };
}
