/**
 * The header `x-forwarded-client-cert` (XFCC), in which an Envoy says whose certificate it has verified (Envoy, "HTTP header manipulation"):
 *
 * ```text
 * By=spiffe://a;Hash=0f;Subject="CN=b,O=c";URI=spiffe://d;DNS=e, By=...
 * ```
 * An element for each hop, separated by commas; fields by semicolons; a value may be quoted, with a backslash before a quote in it.
 */

/** Octets of a header; certificates themselves (`Cert`, `Chain`) take some thousand each. */
export const MAX_XFCC_CHARS = 60_000;
/** Hops that are read. */
export const MAX_XFCC_ELEMENTS = 32;

/** What one hop says. */
export interface XfccElement {
  /** `URI`, each. */
  readonly uris: readonly string[];
  /** `DNS`, each. */
  readonly dnsNames: readonly string[];
  /** `Subject` with the backslashes of RFC 2253 in it; empty when it is not said. */
  readonly subject: string;
}

/** The elements in order, or why the header cannot be read. */
export function parseXfcc(header: string): readonly XfccElement[] | { readonly fault: string } {
  if (header.length > MAX_XFCC_CHARS) {
    return { fault: `it has ${header.length} characters, at most ${MAX_XFCC_CHARS} are read` };
  }
  const elements = splitUnquoted(header, ",");
  if (elements === undefined) return { fault: "a quote is not closed" };
  if (elements.length > MAX_XFCC_ELEMENTS) {
    return { fault: `it has ${elements.length} elements, at most ${MAX_XFCC_ELEMENTS} are read` };
  }
  const parsed: XfccElement[] = [];
  for (const element of elements) {
    const one = parseElement(element);
    if ("fault" in one) return one;
    parsed.push(one);
  }
  return parsed;
}

function parseElement(text: string): XfccElement | { readonly fault: string } {
  const uris: string[] = [];
  const dnsNames: string[] = [];
  let subject = "";
  for (const field of splitUnquoted(text, ";") ?? []) {
    const at = field.indexOf("=");
    if (at < 0) return { fault: "a field has no =" };
    const written = field.slice(at + 1).trim();
    const inner = withinQuotes(written);
    if (inner === undefined) return { fault: "a value is quoted in part" };
    const value = inner === written ? inner : inner.replaceAll(/\\(.)/gs, "$1");
    switch (field.slice(0, at).trim().toLowerCase()) {
      case "uri":
        if (value !== "") uris.push(value);
        break;
      case "dns":
        if (value !== "") dnsNames.push(value);
        break;
      case "subject":
        // Envoy puts quotes around it and nothing more: every backslash is of the subject's own text, and parts it from other names.
        subject = inner;
    }
  }
  return { uris, dnsNames, subject };
}

/** Splits at a separator that stands outside quotes; `undefined` when a quote is not closed. */
function splitUnquoted(text: string, separator: string): readonly string[] | undefined {
  const parts: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isQuoted && char === "\\") at++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === separator && !isQuoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return isQuoted ? undefined : parts;
}

/** What stands between the quotes, as it is written there; a value without quotes as it is, and `undefined` for one with some elsewhere. */
function withinQuotes(value: string): string | undefined {
  if (!value.includes('"')) return value;
  return /^"((?:[^"\\]|\\.)*)"$/s.exec(value)?.[1];
}

/** The first common name of a subject as text (RFC 2253); `undefined` without one. Octets in hex are characters that no certificate takes. */
export function commonNameOf(subject: string): string | undefined {
  let from = 0;
  for (let at = 0; at <= subject.length; at++) {
    const char = subject[at];
    if (char === "\\") at++;
    else if (char === undefined || char === "," || char === "+") {
      const [, value] = /^\s*CN\s*=\s*(.*)$/is.exec(subject.slice(from, at)) ?? [];
      const name = value?.replaceAll(
        /\\([0-9A-Fa-f]{2}|.)/gs,
        (_, escaped: string) =>
          escaped.length === 2 ? String.fromCharCode(parseInt(escaped, 16)) : escaped,
      ).trim();
      if (name) return name;
      from = at + 1;
    }
  }
  return undefined;
}
