/** Messages in a stream, each behind two octets with its length (RFC 1035 section 4.2.2). */

/** Cuts a stream into messages; what is kept of an unfinished one is below twice 64 KiB and one chunk. */
export interface FrameReader {
  /** The messages that `chunk` completes. Views. */
  read(chunk: Uint8Array): readonly Uint8Array[];
}

/** Makes a reader at the start of a stream. */
export function createFrameReader(): FrameReader {
  // An unfinished message grows in place, by doubling: a stream that comes octet by octet is not copied anew for each.
  let kept: Uint8Array = new Uint8Array(0);
  let length = 0;
  const append = (chunk: Uint8Array) => {
    const needed = length + chunk.length;
    if (needed > kept.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * kept.length));
      larger.set(kept.subarray(0, length));
      kept = larger;
    }
    kept.set(chunk, length);
    length = needed;
    return kept.subarray(0, length);
  };
  return {
    read(chunk) {
      const bytes = length === 0 ? chunk : append(chunk);
      const frames: Uint8Array[] = [];
      let at = 0;
      while (at + 2 <= bytes.length) {
        const end = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
        if (end > bytes.length) break;
        frames.push(bytes.subarray(at + 2, end));
        at = end;
      }
      if (at > 0 || bytes === chunk) {
        kept = bytes.slice(at);
        length = kept.length;
      }
      return frames;
    },
  };
}
