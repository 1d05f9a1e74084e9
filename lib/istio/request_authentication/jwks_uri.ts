/** The address of a key set: an absolute URL of HTTP or HTTPS (RFC 3986), as Go reads one. */
import { quote } from "../../base/mod.ts";

const URL_REGEXP = /^([a-zA-Z][a-zA-Z0-9+\-.]*):(?:\/\/([^/?#]*))?([^?#]*)/;
const BAD_ESCAPE_REGEXP = /%(?![0-9A-Fa-f]{2})/;
/** An escape of a character that needs none: Go refuses these in a host. */
const HOST_ESCAPE_REGEXP = /%(?!25)[0-7]/;
const HOST_REGEXP = /^(?:\[[^\]\s\\{}|^`]*\]|[^\s\[\]\\{}|^`/:]*)(?::\d*)?$/;
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROL_REGEXP = /[\u0000-\u001f\u007f]/;

/** What is wrong with an address; an empty one is none. */
export function jwksUriFault(uri: string): string | undefined {
  if (uri === "") return undefined;
  const [, scheme = "", authority = "", path = ""] = URL_REGEXP.exec(uri) ?? [];
  if (!["http", "https"].includes(scheme.toLowerCase())) {
    return `URI scheme ${quote(scheme.toLowerCase())} is not supported`;
  }
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const isFine = !CONTROL_REGEXP.test(uri) && !BAD_ESCAPE_REGEXP.test(`${authority}${path}`) &&
    HOST_REGEXP.test(host) && !HOST_ESCAPE_REGEXP.test(host);
  return isFine ? undefined : `${quote(uri)} should be a URL such as https://issuer.example/keys`;
}
