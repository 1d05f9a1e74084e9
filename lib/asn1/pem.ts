/**
 * PEM armor (RFC 7468): written in lines of 64 characters; read as the strict form, with any text before, between and after blocks.
 *
 * Left out: the headers of RFC 1421 (encrypted keys), which are an error.
 */
import { type Bytes, quote, SignetError } from "../base/mod.ts";

/** One block of armor. */
export interface PemBlock {
  /** What stands after BEGIN. */
  readonly label: string;
  /** What was armored; fresh bytes. */
  readonly der: Bytes;
}

/** Longest text that is searched for blocks: the largest gRPC message, in characters. */
export const MAX_PEM_CHARS = 4 * 1024 * 1024;
/** Most blocks that are read of one text; system root stores have about 150. */
export const MAX_PEM_BLOCKS = 1000;

const LINE_CHARS = 64;
const BEGIN = "-----BEGIN ";
const DASHES = "-----";
const MAX_LABEL_CHARS = 64;

/** Armors `der`: lines of 64 characters, newline at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  const body = der.toBase64();
  let text = `-----BEGIN ${label}-----\n`;
  for (let at = 0; at < body.length; at += LINE_CHARS) {
    text += body.slice(at, at + LINE_CHARS) + "\n";
  }
  return `${text}-----END ${label}-----\n`;
}

/**
 * Reads all blocks, or those of one label; blocks of other labels are stepped over unread.
 *
 * @throws {SignetError} `asn1.bad_pem` when a block has no end or is not base64; `asn1.too_large`.
 */
export function decodePem(
  text: string,
  options: { readonly label?: string } = {},
): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let found = findBlock(text, 0); found !== undefined; found = findBlock(text, found.end)) {
    if (options.label !== undefined && found.label !== options.label) continue;
    if (blocks.length === MAX_PEM_BLOCKS) {
      throw new SignetError(
        "asn1.too_large",
        `Cannot read PEM: found more than ${MAX_PEM_BLOCKS} blocks`,
      );
    }
    blocks.push(decodeBlock(text, found));
  }
  return blocks;
}

/**
 * Reads the first block, of any label or of one; what follows it is not looked at. `undefined` when there is none.
 *
 * @throws {SignetError} `asn1.bad_pem`, `asn1.too_large`.
 */
export function decodeFirstPem(
  text: string,
  options: { readonly label?: string } = {},
): PemBlock | undefined {
  let found = findBlock(text, 0);
  while (found !== undefined && options.label !== undefined && found.label !== options.label) {
    found = findBlock(text, found.end);
  }
  return found === undefined ? undefined : decodeBlock(text, found);
}

interface FoundBlock {
  readonly label: string;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly end: number;
}

/** The next block whose BEGIN stands at the start of a line. Linear: each search goes on where the last one stopped. */
function findBlock(text: string, from: number): FoundBlock | undefined {
  if (text.length > MAX_PEM_CHARS) {
    throw new SignetError(
      "asn1.too_large",
      `Cannot read PEM: the text has ${text.length} characters, should have at most ${MAX_PEM_CHARS}`,
    );
  }
  for (let at = text.indexOf(BEGIN, from); at >= 0; at = text.indexOf(BEGIN, at + BEGIN.length)) {
    if (at > 0 && text[at - 1] !== "\n") continue;
    const labelStart = at + BEGIN.length;
    const labelEnd = text.slice(labelStart, labelStart + MAX_LABEL_CHARS + DASHES.length).indexOf(
      DASHES,
    );
    if (labelEnd < 0) {
      throw new SignetError("asn1.bad_pem", "Cannot read PEM: a BEGIN line has no end", {
        offset: at,
      });
    }
    const label = text.slice(labelStart, labelStart + labelEnd);
    const bodyStart = labelStart + labelEnd + DASHES.length;
    const endLine = `${DASHES}END ${label}${DASHES}`;
    const bodyEnd = text.indexOf(endLine, bodyStart);
    if (bodyEnd < 0) {
      throw new SignetError("asn1.bad_pem", `Cannot read PEM: no END line for ${quote(label)}`, {
        offset: at,
      });
    }
    return { label, bodyStart, bodyEnd, end: bodyEnd + endLine.length };
  }
  return undefined;
}

function decodeBlock(text: string, { label, bodyStart, bodyEnd }: FoundBlock): PemBlock {
  try {
    // Base64 of the platform skips ASCII whitespace, line ends of every kind included.
    const der = Uint8Array.fromBase64(text.slice(bodyStart, bodyEnd), {
      lastChunkHandling: "strict",
    });
    return { label, der };
  } catch (cause) {
    throw new SignetError(
      "asn1.bad_pem",
      `Cannot read PEM: the body of ${quote(label)} is not base64`,
      {
        cause,
        offset: bodyStart,
      },
    );
  }
}
