/** The address of a key set: an absolute URL of HTTP or HTTPS (RFC 3986), as Go reads one. */
import { quote } from "../../base/mod.ts";
import { isIpAddress } from "../names.ts";

const URL_REGEXP = /^([a-zA-Z][a-zA-Z0-9+\-.]*):(?:\/\/([^/?#]*))?([^?#]*)/;
const BAD_ESCAPE_REGEXP = /%(?![0-9A-Fa-f]{2})/;
/** RFC 3986 section 3.2.1. */
const USER_REGEXP = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
/** An escape of a character that needs none: Go refuses these in a host. */
const HOST_ESCAPE_REGEXP = /%(?!25)[0-7]/;
/** `[ADDRESS]` or a name, and a port at will; a name may hold what Go's parser of URLs lets pass. */
const HOST_REGEXP = /^(?:\[(.*)\]|[^\s\\{}|^`:]*)(?::\d*)?$/;
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROL_REGEXP = /[\u0000-\u001f\u007f]/;

/** What is wrong with an address; an empty one is none. */
export function jwksUriFault(uri: string): string | undefined {
  if (uri === "") return undefined;
  const [, scheme = "", authority = "", path = ""] = URL_REGEXP.exec(uri) ?? [];
  if (!["http", "https"].includes(scheme.toLowerCase())) {
    return `URI scheme ${quote(scheme.toLowerCase())} is not supported`;
  }
  // Go takes what has no slash behind the colon for opaque and looks no further.
  if (!/^[^:]*:\//.test(uri)) return CONTROL_REGEXP.test(uri) ? noUrl(uri) : undefined;
  const end = authority.lastIndexOf("@");
  const [user, host] = [authority.slice(0, Math.max(end, 0)), authority.slice(end + 1)];
  const isFine = !CONTROL_REGEXP.test(uri) && !BAD_ESCAPE_REGEXP.test(`${authority}${path}`) &&
    USER_REGEXP.test(user) && isHost(host);
  return isFine ? undefined : noUrl(uri);
}

function noUrl(uri: string): string {
  return `${quote(uri)} should be a URL such as https://issuer.example/keys`;
}

function isHost(host: string): boolean {
  const found = HOST_REGEXP.exec(host);
  if (found === null || HOST_ESCAPE_REGEXP.test(host)) return false;
  const address = found[1];
  return address === undefined ? !host.includes("[") : isIpAddress(address.replace("%25", "%"));
}
