/** `html`, `js` and `urlquery`. */
import { isPrintable } from "./go_quote.ts";
import { octetsOf } from "./utf8.ts";

const HTML: Readonly<Record<string, string>> = {
  "\0": "\ufffd",
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};
const JS: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
};

/** Of each octet what stands for it in a URL's query. */
const QUERY = Array.from({ length: 256 }, (_, octet) => {
  const character = String.fromCharCode(octet);
  if (/[A-Za-z0-9\-_.~]/.test(character)) return character;
  return octet === 0x20 ? "+" : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
});

/** Text for HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[\0"'&<>]/g, (character) => HTML[character] ?? character);
}

/** Text for a string of JavaScript. */
export function escapeJs(text: string): string {
  return text.replaceAll(/[\\'"<>&=]|[^ -~]/gu, (character) => {
    const known = JS[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x7f || code >= 0x80 && isPrintable(character)) return character;
    return `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

/** Text for a URL's query. */
export function escapeQuery(text: string): string {
  let escaped = "";
  for (const octet of octetsOf(text)) escaped += QUERY[octet] ?? "";
  return escaped;
}
