/**
 * Requests of HTTP/1.1 out of bytes (RFC 9112), one after another: what stands behind one is left until that has been answered.
 *
 * Strict where leniency has let requests be smuggled: lines end in CRLF, no folded fields, no blanks before a colon, one Host, one way to
 * say how long a body is.
 */
import { SignetError } from "../base/mod.ts";
import { HeaderBlock } from "../http2/mod.ts";

/** Largest request line with all header fields, in octets; the same as a header list of HTTP/2. */
export const MAX_HEAD_BYTES = 32_768;
/** Header fields of one request. */
const MAX_FIELDS = 100;
/** A line that says how long a chunk is, extensions included. */
const MAX_CHUNK_LINE_BYTES = 256;
/** Trailer fields of a chunked body, which are not used. */
const MAX_TRAILER_BYTES = 8_192;

const REQUEST_LINE_REGEXP = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const NAME_REGEXP = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE_REGEXP = /^[\t\x20-\x7e\x80-\xff]*$/;
const ABSOLUTE_REGEXP = /^https?:\/\/[^/?#]*/i;
const CHUNK_REGEXP = /^([0-9a-fA-F]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const CR = 13;
const LF = 10;

/** What a request says before its body. */
export interface Http1Head {
  /** Its fields, with `:method`, `:path` and `:scheme` in front as in HTTP/2. */
  readonly headers: HeaderBlock;
  /** False when the connection ends with the response. */
  readonly keepsAlive: boolean;
  /** True when the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

/** Hears what was read. */
export interface Http1ReaderHandler {
  /** A request begins. */
  onHead(head: Http1Head): void;
  /** Octets of its body; a view that is valid during the call. */
  onBody(bytes: Uint8Array): void;
  /** It is whole. */
  onEnd(): void;
}

type Body =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" };

type State = "head" | "octets" | "chunk_line" | "chunk" | "chunk_end" | "trailers";

/** Reads one request at a time. */
export class Http1Reader {
  readonly #handler: Http1ReaderHandler;
  #state: State = "head";
  /** A line, or the lines of a head, that have not ended. */
  #text = new Uint8Array(1_024);
  #textBytes = 0;
  /** Octets of the body or chunk that are still to come. */
  #left = 0;

  /** Begins before the first request. */
  constructor(handler: Http1ReaderHandler) {
    this.#handler = handler;
  }

  /** True between two requests, with no octet of the next. */
  get isIdle(): boolean {
    return this.#state === "head" && this.#textBytes === 0;
  }

  /**
   * Takes bytes until a request is whole; returns how many.
   *
   * @throws {SignetError} `transport.bad_request`, with the `status` to answer with in its fields. Nothing may be read after that.
   */
  read(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length) {
      const rest = chunk.subarray(at);
      const { taken, isWhole } = this.#step(rest);
      at += taken;
      if (isWhole) break;
    }
    return at;
  }

  #step(bytes: Uint8Array): { readonly taken: number; readonly isWhole: boolean } {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes);
      case "octets":
      case "chunk":
        return this.#readOctets(bytes);
      default:
        return this.#readLine(bytes);
    }
  }

  #readHead(bytes: Uint8Array): { readonly taken: number; readonly isWhole: boolean } {
    const { taken, text } = this.#collect(bytes, {
      max: MAX_HEAD_BYTES,
      ends: endsHead,
      status: 431,
      what: "its header fields",
    });
    // An empty line in front of a request is left over from the last (RFC 9112 section 2.2).
    if (text === undefined || text === "\r\n") return { taken, isWhole: false };
    const { head, body } = parseHead(text.slice(0, -4));
    this.#handler.onHead(head);
    if (body.kind === "chunked") this.#state = "chunk_line";
    else if (body.bytes > 0) {
      this.#state = "octets";
      this.#left = body.bytes;
    } else return this.#finish(taken);
    return { taken, isWhole: false };
  }

  #readOctets(bytes: Uint8Array): { readonly taken: number; readonly isWhole: boolean } {
    const taken = Math.min(this.#left, bytes.length);
    this.#left -= taken;
    this.#handler.onBody(bytes.subarray(0, taken));
    if (this.#left > 0) return { taken, isWhole: false };
    if (this.#state === "octets") return this.#finish(taken);
    this.#state = "chunk_end";
    return { taken, isWhole: false };
  }

  #readLine(bytes: Uint8Array): { readonly taken: number; readonly isWhole: boolean } {
    const isTrailer = this.#state === "trailers";
    const { taken, text } = this.#collect(bytes, {
      max: isTrailer ? MAX_TRAILER_BYTES - this.#left : MAX_CHUNK_LINE_BYTES,
      ends: endsLine,
      status: 400,
      what: isTrailer ? "its trailers" : "a chunk's first line",
    });
    if (text === undefined) return { taken, isWhole: false };
    const line = text.slice(0, -2);
    if (isTrailer) {
      if (line === "") return this.#finish(taken);
      parseField(line, "a trailer is no field");
      this.#left += text.length;
    } else if (this.#state === "chunk_end") {
      if (line !== "") throw badRequest(400, "a chunk is longer than it says");
      this.#state = "chunk_line";
    } else this.#beginChunk(line);
    return { taken, isWhole: false };
  }

  #beginChunk(line: string): void {
    const [, digits] = CHUNK_REGEXP.exec(line) ?? [];
    if (digits === undefined) throw badRequest(400, "a chunk does not say how long it is");
    this.#left = Number.parseInt(digits, 16);
    this.#state = this.#left === 0 ? "trailers" : "chunk";
  }

  #finish(taken: number): { readonly taken: number; readonly isWhole: boolean } {
    this.#state = "head";
    this.#left = 0;
    this.#handler.onEnd();
    return { taken, isWhole: true };
  }

  /** Takes octets up to the end of a text; the text, once it is whole. */
  #collect(
    bytes: Uint8Array,
    { max, ends, status, what }: {
      readonly max: number;
      readonly ends: (text: Uint8Array, length: number) => boolean;
      readonly status: number;
      readonly what: string;
    },
  ): { readonly taken: number; readonly text: string | undefined } {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#textBytes >= max) throw badRequest(status, `${what} have more than ${max} octets`);
      if (this.#textBytes === this.#text.length) this.#grow(max);
      const octet = bytes[at]!;
      this.#text[this.#textBytes++] = octet;
      if (octet !== LF || !ends(this.#text, this.#textBytes)) continue;
      const text = latin1(this.#text.subarray(0, this.#textBytes));
      this.#textBytes = 0;
      return { taken: at + 1, text };
    }
    return { taken: bytes.length, text: undefined };
  }

  #grow(max: number): void {
    const grown = new Uint8Array(Math.min(this.#text.length * 2, Math.max(max, 2)));
    grown.set(this.#text);
    this.#text = grown;
  }
}

function endsLine(text: Uint8Array, length: number): boolean {
  if (text[length - 2] !== CR) throw badRequest(400, "a line ends in LF alone");
  return true;
}

function endsHead(text: Uint8Array, length: number): boolean {
  endsLine(text, length);
  return length === 2 || length >= 4 && text[length - 3] === LF && text[length - 4] === CR;
}

const LATIN1 = new TextDecoder("latin1");

/** Octets as characters. The platform's decoder makes printable characters of 0x80 to 0x9f, which no field may hold as text anyway. */
function latin1(octets: Uint8Array): string {
  return LATIN1.decode(octets);
}

function parseHead(text: string): { readonly head: Http1Head; readonly body: Body } {
  const [requestLine = "", ...lines] = text.split("\r\n");
  const [, method, target, minor] = REQUEST_LINE_REGEXP.exec(requestLine) ?? [];
  if (method === undefined || target === undefined) {
    throw badRequest(400, "its first line is no request of HTTP/1.1");
  }
  if (lines.length > MAX_FIELDS) {
    throw badRequest(431, `it has ${lines.length} header fields, at most ${MAX_FIELDS} are read`);
  }
  const fields = lines.map((line) => parseField(line, "a header field is none"));
  const headers = new HeaderBlock([
    [":method", method],
    [":scheme", "https"],
    [":path", pathOf(target)],
    ...fields,
  ]);
  const isOld = minor === "0";
  const hosts = headers.getAll("host");
  if (hosts.length > 1 || (hosts.length === 0 && !isOld)) {
    throw badRequest(400, `it has ${hosts.length} Host fields, should have one`);
  }
  const options = tokens(headers, "connection");
  return {
    head: {
      headers,
      keepsAlive: !options.includes("close") && (!isOld || options.includes("keep-alive")),
      expectsContinue: !isOld && tokens(headers, "expect").includes("100-continue"),
    },
    body: bodyOf(headers, isOld),
  };
}

/** By parts: one expression for all of a line would take the cube of its blanks in steps to find that it is none. */
function parseField(line: string, fault: string): readonly [string, string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  const value = trimBlanks(line.slice(colon + 1));
  if (!NAME_REGEXP.test(name) || !VALUE_REGEXP.test(value)) throw badRequest(400, fault);
  return [name.toLowerCase(), value];
}

/** Cuts blanks of HTTP off both ends (RFC 9110 section 5.6.3), and nothing else that some take for white space. */
function trimBlanks(text: string): string {
  const isBlank = (at: number) => text[at] === " " || text[at] === "\t";
  let [from, to] = [0, text.length];
  while (from < to && isBlank(from)) from++;
  while (to > from && isBlank(to - 1)) to--;
  return text.slice(from, to);
}

/** The path and query of a target in either form (RFC 9112 section 3.2). */
function pathOf(target: string): string {
  const path = target.replace(ABSOLUTE_REGEXP, "");
  if (path === "") return "/";
  if (path.startsWith("/") || path === "*") return path;
  if (path.startsWith("?")) return `/${path}`;
  throw badRequest(400, "its target is no path");
}

function tokens(headers: HeaderBlock, name: string): readonly string[] {
  return headers.getAll(name).flatMap((value) => value.toLowerCase().split(","))
    .map(trimBlanks);
}

/** How long the body is (RFC 9112 section 6.3); whoever says it in two ways is refused. */
function bodyOf(headers: HeaderBlock, isOld: boolean): Body {
  const lengths = headers.getAll("content-length");
  const codings = tokens(headers, "transfer-encoding");
  if (codings.length > 0) {
    if (lengths.length > 0 || isOld) throw badRequest(400, "its length is said in two ways");
    if (codings.length > 1 || codings[0] !== "chunked") {
      throw badRequest(501, "its transfer coding is not chunked");
    }
    return { kind: "chunked" };
  }
  const [first = "0"] = lengths;
  if (lengths.some((length) => length !== first) || !/^\d{1,15}$/.test(first)) {
    throw badRequest(400, "its Content-Length is no number");
  }
  return { kind: "length", bytes: Number(first) };
}

function badRequest(status: number, why: string): SignetError {
  return new SignetError("transport.bad_request", `Cannot read request: ${why}`, {
    fields: { status },
  });
}
