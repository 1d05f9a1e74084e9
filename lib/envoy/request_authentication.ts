/**
 * RequestAuthentication: which tokens requests may bring (JSON Web Tokens, RFC 7519). A request without a token passes, one with a token
 * that is not right is answered with 401; whether a token is needed is for AuthorizationPolicy to say. What a token claims is left where
 * the filters of lib/envoy/rbac look for it.
 *
 * Keys are given in the document, or are fetched by Envoy from `jwksUri`, over a cluster of their own. Where neither is given, keys would
 * have to be discovered from the issuer; that is not done, and its tokens are refused.
 */
import type { ClusterJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type {
  JwtAuthenticationJson,
  JwtProviderJson,
  JwtRequirementJson,
} from "../../proto/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts";
import type { HttpFilterJson } from "../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { parseIpAddress } from "../base/mod.ts";
import type { JwtRule } from "../istio/mod.ts";
import type { Access } from "../mesh/mod.ts";
import { durationOf } from "./durations.ts";
import { systemTls } from "./client_tls.ts";
import { bounds } from "./connection_policy.ts";
import { JWT_FILTER, JWT_PAYLOAD } from "./rbac/matchers.ts";
import { typed } from "./typed.ts";

const FETCH_TIMEOUT_MS = 5_000;
/** How long fetched keys are taken for good. */
const KEYS_CACHED = "1200s";
const CONNECT_TIMEOUT = "10s";
/**
 * A key that nobody signs with: its octets are SHA-256 of "signet: nobody has the private half of this key". It is in every set, as Envoy
 * refuses the whole listener for a set without a key that it can read.
 */
const NOBODYS_KEY = {
  kty: "OKP",
  crv: "Ed25519",
  alg: "EdDSA",
  kid: "nobody",
  x: "osXwpjiSMbTQWd7WleYJ2yP5oVzZ1eBvs8P92mEETLE",
};
/** Claims that are lists in one text (RFC 8693 section 4.2), beside those that a rule names. */
const SPACE_DELIMITED = ["permission", "scope"];
/** Members of a JSON Web Key that are for whoever signs (RFC 7518 section 6). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth"];
/** What Envoy refuses in the name of a header, and in what stands before a token. */
// deno-lint-ignore no-control-regex -- these are what is looked for
const NO_HEADER_REGEXP = /[\u0000\r\n]/;

/** The filter; undefined when nothing is said of tokens. */
export function jwtFilter(access: Access): HttpFilterJson | undefined {
  const rules = rulesOf(access);
  if (rules.length === 0) return undefined;
  const names = rules.map((_, index) => `origins-${index}`);
  const right = names.map((providerName): JwtRequirementJson => ({ providerName }));
  const rightOrMissing = right.map((requirement): JwtRequirementJson => ({
    requiresAny: { requirements: [requirement, { allowMissing: {} }] },
  }));
  // Of several, one that is right is enough, as they may look for tokens in one place.
  const requires = rules.length === 1 ? rightOrMissing[0]! : {
    requiresAny: {
      requirements: [...right, { requiresAll: { requirements: rightOrMissing } }],
    },
  };
  return {
    name: JWT_FILTER,
    typedConfig: typed<JwtAuthenticationJson>(
      "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
      {
        providers: Object.fromEntries(rules.map((rule, index) => [names[index]!, provider(rule)])),
        rules: [{ match: { prefix: "/" }, requires }],
        bypassCorsPreflight: true,
      },
    ),
  };
}

/** The clusters that keys are fetched over, one for each place. */
export function keyClusters(access: Access): readonly ClusterJson[] {
  const clusters = rulesOf(access).flatMap(({ jwks, jwksUri }) => {
    const url = jwks === "" ? keysUrl(jwksUri) : undefined;
    return url === undefined ? [] : [[clusterName(url), keyCluster(url)] as const];
  });
  return [...new Map(clusters).values()];
}

/** Rules in order of issuer. */
function rulesOf({ requests }: Access): readonly JwtRule[] {
  return requests.flatMap(({ spec }) => spec.jwtRules.flatMap(takenByEnvoy))
    .sort(({ issuer: one }, { issuer: other }) => one < other ? -1 : one > other ? 1 : 0);
}

/**
 * A rule without the headers that no request has, and that Envoy would refuse: what it says of other places stays in force, since whoever
 * reads a token there takes it for checked. One that looks nowhere else finds no token, and is none.
 */
function takenByEnvoy(rule: JwtRule): readonly JwtRule[] {
  const { fromParams, fromCookies, outputPayloadToHeader } = rule;
  const fromHeaders = rule.fromHeaders.filter(({ name, prefix }) =>
    !NO_HEADER_REGEXP.test(`${name}${prefix}`)
  );
  const isLost = rule.fromHeaders.length > 0 &&
    fromHeaders.length + fromParams.length + fromCookies.length === 0;
  const isOutput = !NO_HEADER_REGEXP.test(outputPayloadToHeader);
  return isLost
    ? []
    : [{ ...rule, fromHeaders, outputPayloadToHeader: isOutput ? outputPayloadToHeader : "" }];
}

function provider(rule: JwtRule): JwtProviderJson {
  const { outputPayloadToHeader, outputClaimToHeaders, spaceDelimitedClaims } = rule;
  const delimited = [...new Set([...spaceDelimitedClaims, ...SPACE_DELIMITED])].sort();
  return {
    issuer: rule.issuer,
    audiences: [...rule.audiences],
    forward: rule.forwardOriginalToken,
    fromHeaders: rule.fromHeaders.map(({ name, prefix }) => ({ name, valuePrefix: prefix })),
    fromParams: [...rule.fromParams],
    fromCookies: [...rule.fromCookies],
    ...(outputPayloadToHeader === "" ? {} : { forwardPayloadHeader: outputPayloadToHeader }),
    claimToHeaders: outputClaimToHeaders.map(({ header, claim }) => ({
      headerName: header,
      claimName: claim,
    })),
    payloadInMetadata: JWT_PAYLOAD,
    normalizePayloadInMetadata: { spaceDelimitedClaims: delimited },
    ...keysOf(rule),
  };
}

function keysOf(
  { jwks, jwksUri, timeout = FETCH_TIMEOUT_MS }: JwtRule,
): Pick<JwtProviderJson, "localJwks" | "remoteJwks"> {
  const url = jwks === "" ? keysUrl(jwksUri) : undefined;
  if (url === undefined) {
    return { localJwks: { inlineString: publicKeys(jwks) } };
  }
  return {
    remoteJwks: {
      httpUri: { uri: url.href, cluster: clusterName(url), timeout: durationOf(timeout) },
      cacheDuration: KEYS_CACHED,
      // Keys are fetched before the first request asks, and the listener does not wait for an issuer that is down.
      asyncFetch: { fastListener: true },
    },
  };
}

/** A key set, or one key alone, without what only its owner should have: proxies need nothing to sign with. */
function publicKeys(text: string): string {
  const value: unknown = text === "" ? { keys: [] } : JSON.parse(text);
  const { keys = [value] } = value as { readonly keys?: readonly unknown[] };
  return JSON.stringify({ keys: [...keys.map(publicKey), NOBODYS_KEY] });
}

/** A member of a key is a value or a list of texts (RFC 7517 section 4); what is none says nothing, and may be too deep to be written. */
function publicKey(key: unknown): object {
  const isMember = (value: unknown) =>
    typeof value !== "object" ||
    Array.isArray(value) && value.every((each) => typeof each === "string");
  return Object.fromEntries(
    Object.entries(key as object).filter(([name, value]) =>
      !PRIVATE_MEMBERS.includes(name) && isMember(value)
    ),
  );
}

function keysUrl(uri: string): URL | undefined {
  return URL.parse(uri) ?? undefined;
}

function isTls({ protocol }: URL): boolean {
  return protocol === "https:";
}

function placeOf(url: URL): { readonly host: string; readonly port: number } {
  const port = url.port === "" ? isTls(url) ? 443 : 80 : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

function clusterName(url: URL): string {
  const { host, port } = placeOf(url);
  return `jwks|${port}|${isTls(url) ? "tls" : "plain"}|${host}`;
}

function keyCluster(url: URL): ClusterJson {
  const name = clusterName(url);
  const { host, port } = placeOf(url);
  const isAddress = parseIpAddress(host) !== undefined;
  const address = { socketAddress: { address: host, portValue: port } };
  return {
    name,
    connectTimeout: CONNECT_TIMEOUT,
    ...bounds(),
    ...(isAddress
      ? { type: "STATIC" }
      : { type: "STRICT_DNS", dnsLookupFamily: "V4_PREFERRED", respectDnsTtl: true }),
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }],
    },
    ...(isTls(url) ? { transportSocket: systemTls(host, isAddress) } : {}),
  };
}
