/** Texts by the octets of their UTF-8, which Go counts and cuts by. A character that is cut in two becomes U+FFFD. */

const ASCII_REGEXP = /^\p{ASCII}*$/u;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** How many octets a text has. */
export function octetLength(text: string): number {
  return ASCII_REGEXP.test(text) ? text.length : encoder.encode(text).length;
}

/** The octets of a text. */
export function octetsOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of octets. */
export function textOfOctets(octets: Uint8Array): string {
  return decoder.decode(octets);
}

/** The text between two octets. */
export function sliceOctets(text: string, from: number, to: number): string {
  if (ASCII_REGEXP.test(text)) return text.slice(from, to);
  return decoder.decode(encoder.encode(text).subarray(from, to));
}
