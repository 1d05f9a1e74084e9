/** Header lists and the rules that make a message malformed (RFC 9113 section 8). */
import type { HeaderField } from "./hpack_decoder.ts";

/** A decoded header list. Names are lower case; values are octets as characters. */
export class HeaderBlock {
  readonly #fields: readonly HeaderField[];

  /** Wraps decoded fields. */
  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields;
  }

  /** The first value of `name`. */
  get(name: string): string | undefined {
    for (const field of this.#fields) if (field[0] === name) return field[1];
    return undefined;
  }

  /** All values of `name`, in order. */
  getAll(name: string): readonly string[] {
    return this.#fields.filter((field) => field[0] === name).map((field) => field[1]);
  }

  /** The fields, pseudo-header fields first. */
  [Symbol.iterator](): Iterator<HeaderField> {
    return this.#fields[Symbol.iterator]();
  }
}

/** Fields that belong to HTTP/1.1 connections (section 8.2.2). */
const CONNECTION_SPECIFIC = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);
/** Token characters without upper case (section 8.2.1). */
const NAME_REGEXP = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const BAD_VALUE_REGEXP = /[\0\n\r]|^[ \t]|[ \t]$/;
const REQUEST_PSEUDO = new Set([":method", ":scheme", ":path", ":authority"]);

/** Why a list of request headers is malformed; `undefined` when it is not. */
export function requestFault(fields: readonly HeaderField[]): string | undefined {
  const seen = new Map<string, string>();
  const fault = fieldsFault(fields, REQUEST_PSEUDO, seen);
  if (fault !== undefined) return fault;
  const method = seen.get(":method");
  const path = seen.get(":path");
  if (method === undefined || method === "") return "there is no :method";
  if (method === "CONNECT") {
    return path === undefined && !seen.has(":scheme")
      ? undefined
      : "CONNECT has a :path or :scheme";
  }
  if (!seen.has(":scheme")) return "there is no :scheme";
  if (path === undefined || (!path.startsWith("/") && !(path === "*" && method === "OPTIONS"))) {
    return "the :path is not one";
  }
  return undefined;
}

/** Why a list of response headers is malformed. */
export function responseFault(fields: readonly HeaderField[]): string | undefined {
  const seen = new Map<string, string>();
  const fault = fieldsFault(fields, new Set([":status"]), seen);
  return fault ??
    (/^[1-9]\d\d$/.test(seen.get(":status") ?? "") ? undefined : "there is no :status");
}

/** Why a list of trailers is malformed: as headers, without pseudo-header fields. */
export function trailersFault(fields: readonly HeaderField[]): string | undefined {
  return fieldsFault(fields, new Set(), new Map());
}

function fieldsFault(
  fields: readonly HeaderField[],
  pseudo: ReadonlySet<string>,
  seen: Map<string, string>,
): string | undefined {
  let regular = false;
  for (const [name, value] of fields) {
    if (!NAME_REGEXP.test(name)) return "a field name is not a lower-case token";
    if (BAD_VALUE_REGEXP.test(value)) return "a field value holds a forbidden octet";
    if (name.charCodeAt(0) === 0x3a) {
      if (regular) return "a pseudo-header field stands after a regular one";
      if (!pseudo.has(name)) return "there is an unknown pseudo-header field";
      if (seen.has(name)) return "a pseudo-header field stands twice";
      seen.set(name, value);
    } else {
      regular = true;
      if (CONNECTION_SPECIFIC.has(name)) return "there is a connection-specific field";
      if (name === "te" && value !== "trailers") return "te is not trailers";
    }
  }
  return undefined;
}

/** The number in content-length; `undefined` without one, `NaN` when it is malformed or contradicts itself. */
export function contentLength(headers: HeaderBlock): number | undefined {
  const values = headers.getAll("content-length");
  const first = values[0];
  if (first === undefined) return undefined;
  return values.every((value) => value === first) && /^\d{1,15}$/.test(first)
    ? Number(first)
    : Number.NaN;
}
