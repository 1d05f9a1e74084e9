/** What is wrong with an answer, whatever it says: read by its own rules here, not by signet's codec. */

const HEADER_BYTES = 12;
const RECORD_BYTES = 10;

/** Why it is no answer of DNS (RFC 1035 section 4); `undefined` when it is one. */
export function faultOfAnswer(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEADER_BYTES) return `${bytes.length} octets`;
  const at16 = (at: number) => bytes[at]! << 8 | bytes[at + 1]!;
  if ((bytes[2]! & 0x80) === 0) return "no QR";
  if ((bytes[3]! & 0x40) !== 0) return "a Z bit";
  const [questions = 0, ...sections] = [4, 6, 8, 10].map(at16);
  if (questions > 1) return `${questions} questions`;
  const records = sections.reduce((sum, count) => sum + count, 0);
  let at: number | undefined = HEADER_BYTES;
  for (let i = 0; i < questions + records; i++) {
    at = endOfName(bytes, at);
    const fixed = i < questions ? 4 : RECORD_BYTES;
    if (at === undefined || at + fixed > bytes.length) return `entry ${i} does not end`;
    at += fixed;
    if (i >= questions) at += at16(at - 2);
  }
  return at === bytes.length ? undefined : `ends at ${at} of ${bytes.length}`;
}

/** Offset behind a name; `undefined` for one that does not end, or points anywhere but back. */
function endOfName(bytes: Uint8Array, start: number): number | undefined {
  let at = start;
  while (at < bytes.length) {
    const length = bytes[at]!;
    if (length === 0) return at + 1;
    if (length >= 0xc0) {
      const to = (length & 0x3f) << 8 | (bytes[at + 1] ?? 0xff);
      return at + 2 <= bytes.length && to >= HEADER_BYTES && to < at ? at + 2 : undefined;
    }
    if (length > 63) return undefined;
    at += 1 + length;
  }
  return undefined;
}
