/**
 * Values of an AuthorizationPolicy as matchers of Envoy: a text with `*` at an end, identities, paths, addresses, claims of a token.
 *
 * Regular expressions are RE2's and match the whole text (`envoy.type.matcher.v3.RegexMatcher`); what a policy says is quoted in them.
 */
import type { CidrRangeJson } from "../../../proto/gen/envoy/config/core/v3/address_pb.ts";
import type { PermissionJson } from "../../../proto/gen/envoy/config/rbac/v3/rbac_pb.ts";
import type { HeaderMatcherJson } from "../../../proto/gen/envoy/config/route/v3/route_components_pb.ts";
import type { UriTemplateMatchConfigJson } from "../../../proto/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.ts";
import type { MetadataMatcherJson } from "../../../proto/gen/envoy/type/matcher/v3/metadata_pb.ts";
import type { StringMatcherJson } from "../../../proto/gen/envoy/type/matcher/v3/string_pb.ts";
import type { ValueMatcherJson } from "../../../proto/gen/envoy/type/matcher/v3/value_pb.ts";
import { typed } from "../typed.ts";

const SCHEME = "spiffe://";
/** Where the filter of tokens leaves what they claim. */
export const JWT_FILTER = "envoy.filters.http.jwt_authn";
/** The name under which it leaves the payload. */
export const JWT_PAYLOAD = "payload";
/** Longest template that Envoy takes. */
const MAX_TEMPLATE_CHARS = 256;
/** A template that Envoy takes: from the root on, no part of it empty but the last. */
const TEMPLATE_REGEXP = /^(?:\/[^/]+)+\/?$/;
/** What Envoy takes for the name of a header, as its API's rules say. */
// deno-lint-ignore no-control-regex -- these are what is looked for
const NO_HEADER_REGEXP = /[\u0000\r\n]|^:?$/;

/** Any text but the empty one. */
export const PRESENT: StringMatcherJson = { safeRegex: { regex: ".+" } };

/** A text in a regular expression. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Matches a whole text. */
export function regex(expression: string): StringMatcherJson {
  return { safeRegex: { regex: expression } };
}

/** `*`, `*end`, `start*`, or the text itself. */
export function textMatcher(value: string): StringMatcherJson {
  if (value === "*") return PRESENT;
  if (value.startsWith("*")) return { suffix: value.slice(1) };
  if (value.endsWith("*")) return { prefix: value.slice(0, -1) };
  return { exact: value };
}

/** A principal without `spiffe://`, with `*` at an end at will. */
export function principalMatcher(value: string): StringMatcherJson {
  if (value === "*") return PRESENT;
  if (value.startsWith("*")) return regex(`${SCHEME}.*${quoteRegex(value.slice(1))}`);
  if (value.endsWith("*")) return { prefix: `${SCHEME}${value.slice(0, -1)}` };
  return { exact: `${SCHEME}${value}` };
}

/** Identities of a namespace. */
export function namespaceMatcher(value: string): StringMatcherJson {
  return regex(`.*/ns/${value.split("*").map(quoteRegex).join(".*")}/.*`);
}

/** Identities of a service account, `account` in the policy's namespace or `namespace/account`. */
export function accountMatcher(value: string, policyNamespace: string): StringMatcherJson {
  const slash = value.indexOf("/");
  const namespace = slash < 0 ? policyNamespace : value.slice(0, slash);
  const account = value.slice(slash + 1);
  return regex(
    `${SCHEME}.+/ns/${quoteRegex(namespace)}/(.+/|)sa/${quoteRegex(account)}(/.+)?`,
  );
}

/** Identities of a trust domain. */
export function trustDomainMatcher(value: string): StringMatcherJson {
  if (value === "*") return { prefix: SCHEME };
  if (!value.includes("*")) return { prefix: `${SCHEME}${value}/` };
  const [start = "", end = ""] = value.split("*");
  return regex(`${SCHEME}${quoteRegex(start)}[^/]*${quoteRegex(end)}/.*`);
}

/** A header of a request; undefined for a name that no header has, and that Envoy refuses. */
export function headerMatcher(
  name: string,
  value: string,
  { ignoreCase = false }: { readonly ignoreCase?: boolean } = {},
): HeaderMatcherJson | undefined {
  if (NO_HEADER_REGEXP.test(name)) return undefined;
  if (value === "*") return { name, presentMatch: true };
  return { name, stringMatch: { ...textMatcher(value), ...(ignoreCase ? { ignoreCase } : {}) } };
}

/** A path without its query: a text, or a template with `{*}` for one segment and `{**}` for any number. */
export function pathPermission(value: string): PermissionJson {
  if (!/\{\*\*?\}/.test(value)) return { urlPath: { path: textMatcher(value) } };
  const pathTemplate = value.replaceAll("{*}", "*").replaceAll("{**}", "**");
  // Envoy refuses a listener for a template that it cannot read, and would go on with the policies of before.
  if (pathTemplate.length > MAX_TEMPLATE_CHARS || !TEMPLATE_REGEXP.test(pathTemplate)) {
    const parts = value.split(/(\{\*\*?\})/).map((part) =>
      part === "{*}" ? "[^/]+" : part === "{**}" ? ".*" : quoteRegex(part)
    );
    return { urlPath: { path: regex(parts.join("")) } };
  }
  return {
    uriTemplate: {
      name: "uri-template",
      typedConfig: typed<UriTemplateMatchConfigJson>(
        "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
        { pathTemplate },
      ),
    },
  };
}

/** An address, or a prefix of addresses. The zone of an address (`fe80::1%eth0`) is one of the machine that wrote it, and Envoy takes none. */
export function addressRange(written: string): CidrRangeJson {
  const value = written.replace(/%.*$/s, "");
  const slash = value.indexOf("/");
  if (slash >= 0) {
    return { addressPrefix: value.slice(0, slash), prefixLen: Number(value.slice(slash + 1)) };
  }
  return { addressPrefix: value, prefixLen: value.includes(":") ? 128 : 32 };
}

/** A claim of the request's token that is a text. */
export function claimMatcher(claim: string, match: StringMatcherJson): MetadataMatcherJson {
  return metadata(JWT_FILTER, [JWT_PAYLOAD, claim], { stringMatch: match });
}

/** A claim of the request's token, by its path, that is one of these texts or a list with one of them. */
export function claimListMatcher(
  claims: readonly string[],
  values: readonly string[],
): MetadataMatcherJson {
  const value = anyOf(values.map((each) => ({ stringMatch: textMatcher(each) })));
  return metadata(JWT_FILTER, [JWT_PAYLOAD, ...claims], {
    orMatch: { valueMatchers: [{ listMatch: { oneOf: value } }, value] },
  });
}

/** What another filter left: texts, or lists with one, written `[text]`. */
export function filterMatcher(
  filter: string,
  key: string,
  values: readonly string[],
): MetadataMatcherJson {
  return metadata(
    filter,
    [key],
    anyOf(values.map((value): ValueMatcherJson => {
      const isList = value.startsWith("[") && value.endsWith("]");
      const stringMatch = textMatcher(isList ? value.replace(/^\[+|\]+$/g, "") : value);
      return isList ? { listMatch: { oneOf: { stringMatch } } } : { stringMatch };
    })),
  );
}

function metadata(
  filter: string,
  path: readonly string[],
  value: ValueMatcherJson,
): MetadataMatcherJson {
  return { filter, path: path.map((key) => ({ key })), value };
}

/** Envoy takes no choice of one. */
function anyOf(valueMatchers: ValueMatcherJson[]): ValueMatcherJson {
  return valueMatchers.length === 1 ? valueMatchers[0]! : { orMatch: { valueMatchers } };
}
