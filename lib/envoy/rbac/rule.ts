/**
 * One rule of an AuthorizationPolicy as a policy of Envoy's RBAC: who (`from`) becomes principals, what (`to`) permissions, and each
 * condition (`when`) is added to all of one or the other.
 *
 * What only requests have cannot be looked at in a connection's bytes: there a rule that allows by it is left out, and a rule that denies
 * or audits does so without it. Both let less through. The same goes anywhere for a condition whose key cannot be read.
 */
import type {
  PermissionJson,
  PolicyJson,
  PrincipalJson,
} from "../../../proto/gen/envoy/config/rbac/v3/rbac_pb.ts";
import type {
  AuthorizationOperation,
  AuthorizationRule,
  AuthorizationSource,
} from "../../istio/mod.ts";
import {
  accountMatcher,
  addressRange,
  claimListMatcher,
  claimMatcher,
  filterMatcher,
  headerMatcher,
  namespaceMatcher,
  pathPermission,
  PRESENT,
  principalMatcher,
  textMatcher,
  trustDomainMatcher,
} from "./matchers.ts";

/** What a rule depends on beside itself. */
export interface RuleOptions {
  /** The policy's namespace. */
  readonly namespace: string;
  /** The mesh's trust domain. */
  readonly trustDomain: string;
  /** Where the rule is applied. */
  readonly as: "http" | "tcp";
  /** True when the rule allows. */
  readonly allows: boolean;
}

/** The trust domain that stands for the mesh's own, whatever that is called. */
const LOCAL_TRUST_DOMAIN = "cluster.local";

/** A kind of values: what one value, or all of them, match; undefined for what is never so. */
type Maker<T> = (values: readonly string[], options: RuleOptions) => T | undefined;

/** One field or condition. */
interface Term<T> {
  readonly make: Maker<T>;
  readonly needsHttp: boolean;
  readonly values: readonly string[];
  readonly notValues: readonly string[];
}

/** The policy of a rule; undefined for one that allows by what cannot be looked at. */
export function rulePolicy(rule: AuthorizationRule, options: RuleOptions): PolicyJson | undefined {
  const conditions = rule.when.map(conditionOf);
  const who = conditions.flatMap(({ principal }) => principal ?? []);
  const what = conditions.flatMap(({ permission }) => permission ?? []);
  const principals = (rule.from.length === 0 ? [undefined] : rule.from.map(({ source }) => source))
    .map((source) => allOf([...sourceTerms(source), ...who], PRINCIPAL, options));
  const permissions =
    (rule.to.length === 0 ? [undefined] : rule.to.map(({ operation }) => operation))
      .map((operation) => allOf([...operationTerms(operation), ...what], PERMISSION, options));
  if (!isWhole(principals) || !isWhole(permissions)) return undefined;
  return { permissions, principals };
}

function isWhole<T>(list: readonly (T | undefined)[]): list is T[] {
  return !list.includes(undefined);
}

/** How terms are put together; principals and permissions have the same four ways under two names each. */
interface Algebra<T> {
  readonly any: T;
  and(list: T[]): T;
  or(list: T[]): T;
  not(one: T): T;
}

const PRINCIPAL: Algebra<PrincipalJson> = {
  any: { any: true },
  and: (ids) => ({ andIds: { ids } }),
  or: (ids) => ({ orIds: { ids } }),
  not: (notId) => ({ notId }),
};
const PERMISSION: Algebra<PermissionJson> = {
  any: { any: true },
  and: (rules) => ({ andRules: { rules } }),
  or: (rules) => ({ orRules: { rules } }),
  not: (notRule) => ({ notRule }),
};

function allOf<T>(
  terms: readonly Term<T>[],
  algebra: Algebra<T>,
  options: RuleOptions,
): T | undefined {
  const made: T[] = [];
  for (const { make, needsHttp, values, notValues } of terms) {
    if (make === UNREADABLE || needsHttp && options.as === "tcp") {
      if (options.allows) return undefined;
      continue;
    }
    const never = algebra.not(algebra.any);
    if (values.length > 0) made.push(make(values, options) ?? never);
    if (notValues.length > 0) made.push(algebra.not(make(notValues, options) ?? never));
  }
  return algebra.and(made.length === 0 ? [algebra.any] : made);
}

/** A term whose values are looked at one by one. */
function each<T>(
  algebra: Algebra<T>,
  make: (value: string, options: RuleOptions) => T | undefined,
): Maker<T> {
  return (values, options) => {
    const made = values.flatMap((value) => make(value, options) ?? []);
    return made.length === 0 ? undefined : algebra.or(made);
  };
}

type Matched = ReturnType<typeof textMatcher>;
const identity = (make: (value: string, options: RuleOptions) => Matched) =>
  each(PRINCIPAL, (value, options) => ({
    authenticated: { principalName: make(value, options) },
  }));
const header = (name: string): Maker<PrincipalJson> =>
  each(PRINCIPAL, (value) => {
    const header = headerMatcher(name, value);
    return header && { header };
  });
const ofRequest = (name: string, ignoreCase: boolean): Maker<PermissionJson> =>
  each(PERMISSION, (value) => ({ header: headerMatcher(name, value, { ignoreCase })! }));

const principals = identity((value, options) => principalMatcher(inMesh(value, options)));
const namespaces = identity((value) => namespaceMatcher(value));
const accounts = identity((value, { namespace }) => accountMatcher(value, namespace));
const trustDomains = identity((value) => trustDomainMatcher(value));
const directAddresses = each(PRINCIPAL, (value) => ({ directRemoteIp: addressRange(value) }));
const remoteAddresses = each(PRINCIPAL, (value) => ({ remoteIp: addressRange(value) }));
const requestPrincipals = each(PRINCIPAL, requestPrincipal);
const hosts = ofRequest(":authority", true);
const methods = ofRequest(":method", false);
const paths = each(PERMISSION, (value) => pathPermission(value));
const ports = each(PERMISSION, (value) => ({ destinationPort: Number(value) }));
const claim = (path: readonly string[]): Maker<PrincipalJson> => (values) => ({
  metadata: claimListMatcher(path, values),
});

/** `cluster.local` in a principal is the mesh's trust domain. */
function inMesh(value: string, { trustDomain }: RuleOptions): string {
  const [domain, ...path] = value.split("/");
  const isOwn = domain === LOCAL_TRUST_DOMAIN && path.length === 4;
  return isOwn ? [trustDomain, ...path].join("/") : value;
}

/** `issuer/subject`, split at the last slash as an issuer may be a URL. */
function requestPrincipal(value: string): PrincipalJson {
  const slash = value.lastIndexOf("/");
  const [issuer, subject] = slash < 0
    ? [undefined, undefined]
    : [value.slice(0, slash), value.slice(slash + 1)];
  const of = (iss: Matched, sub: Matched): PrincipalJson => ({
    andIds: {
      ids: [{ metadata: claimMatcher("iss", iss) }, { metadata: claimMatcher("sub", sub) }],
    },
  });
  if (value === "*") return of(PRESENT, PRESENT);
  if (value.startsWith("*")) {
    return issuer === undefined || subject === undefined
      ? of(PRESENT, { suffix: value.slice(1) })
      : of(issuer === "*" ? PRESENT : { suffix: issuer.slice(1) }, { exact: subject });
  }
  if (value.endsWith("*")) {
    return issuer === undefined || subject === undefined
      ? of({ prefix: value.slice(0, -1) }, PRESENT)
      : of({ exact: issuer }, subject === "*" ? PRESENT : { prefix: subject.slice(0, -1) });
  }
  return of({ exact: issuer ?? value }, { exact: subject ?? "" });
}

function sourceTerms(source: AuthorizationSource | undefined): readonly Term<PrincipalJson>[] {
  if (source === undefined) return [];
  const term = (
    make: Maker<PrincipalJson>,
    values: readonly string[],
    notValues: readonly string[],
    needsHttp = false,
  ) => ({ make, needsHttp, values, notValues });
  return [
    term(principals, source.principals, source.notPrincipals),
    term(requestPrincipals, source.requestPrincipals, source.notRequestPrincipals, true),
    term(accounts, source.serviceAccounts, source.notServiceAccounts),
    term(trustDomains, source.trustDomains, source.notTrustDomains),
    term(namespaces, source.namespaces, source.notNamespaces),
    term(remoteAddresses, source.remoteIpBlocks, source.notRemoteIpBlocks),
    term(directAddresses, source.ipBlocks, source.notIpBlocks),
  ].filter(saysSomething);
}

function operationTerms(
  operation: AuthorizationOperation | undefined,
): readonly Term<PermissionJson>[] {
  if (operation === undefined) return [];
  const { notHosts, notMethods, notPaths, notPorts } = operation;
  return [
    { make: hosts, needsHttp: true, values: operation.hosts, notValues: notHosts },
    { make: methods, needsHttp: true, values: operation.methods, notValues: notMethods },
    { make: paths, needsHttp: true, values: operation.paths, notValues: notPaths },
    { make: ports, needsHttp: false, values: operation.ports, notValues: notPorts },
  ].filter(saysSomething);
}

function saysSomething({ values, notValues }: Term<unknown>): boolean {
  return values.length + notValues.length > 0;
}

interface Condition {
  readonly principal?: Term<PrincipalJson>;
  readonly permission?: Term<PermissionJson>;
}

const PRINCIPAL_KEYS: ReadonlyMap<string, readonly [Maker<PrincipalJson>, needsHttp: boolean]> =
  new Map([
    ["source.ip", [directAddresses, false]],
    ["remote.ip", [remoteAddresses, false]],
    ["source.namespace", [namespaces, false]],
    ["source.trustDomain", [trustDomains, false]],
    ["source.serviceAccount", [accounts, false]],
    ["source.principal", [principals, false]],
    ["request.auth.principal", [requestPrincipals, true]],
    ["request.auth.audiences", [claim(["aud"]), true]],
    ["request.auth.presenter", [claim(["azp"]), true]],
  ]);
const PERMISSION_KEYS: ReadonlyMap<string, Maker<PermissionJson>> = new Map([
  ["destination.ip", each(PERMISSION, (value) => ({ destinationIp: addressRange(value) }))],
  ["destination.port", ports],
  [
    "connection.sni",
    each(PERMISSION, (value) => ({ requestedServerName: textMatcher(value) })),
  ],
]);
const HEADERS = "request.headers";
const CLAIMS = "request.auth.claims";
const FILTERS = "experimental.envoy.filters.";
/** Stands for a condition of which nothing can be known: neither that it is fulfilled nor that it is not. */
const UNREADABLE: Maker<never> = () => undefined;

/** Istio's check of documents lets keys pass that none of these is, as `request.headersx[a]`. */
function conditionOf(
  { key, values, notValues }: AuthorizationRule["when"][number],
): Condition {
  const both = { values, notValues };
  const permission = PERMISSION_KEYS.get(key);
  if (permission !== undefined) {
    return { permission: { make: permission, needsHttp: false, ...both } };
  }
  if (key.startsWith(FILTERS)) {
    const [filter = "", name = ""] = key.slice("experimental.".length, -1).split(/\[(.*)/s);
    return {
      permission: {
        make: (list) => ({ metadata: filterMatcher(filter, name, list) }),
        needsHttp: false,
        ...both,
      },
    };
  }
  const known = PRINCIPAL_KEYS.get(key);
  const [make, needsHttp] = known ??
    (key.startsWith(HEADERS)
      ? [namedHeader(key.slice(HEADERS.length)), true] as const
      : key.startsWith(CLAIMS)
      ? [nestedClaim(key.slice(CLAIMS.length)), true] as const
      : [UNREADABLE, false] as const);
  return { principal: { make, needsHttp, ...both } };
}

/** `[x-a]`: the header `x-a`. */
function namedHeader(brackets: string): Maker<PrincipalJson> {
  return /^\[.+\]$/s.test(brackets) ? header(brackets.slice(1, -1)) : UNREADABLE;
}

/** `[a][b]`: the claim `b` in the claim `a`; other brackets are part of one name, as in `[https://a/[b]]`. */
function nestedClaim(brackets: string): Maker<PrincipalJson> {
  if (!/^\[.+\]$/s.test(brackets)) return UNREADABLE;
  const inside = brackets.slice(1, -1);
  const isPath = /^(?:\[[^[\]]*\])+$/.test(brackets);
  const path = isPath ? inside.split("][") : [inside];
  return path.includes("") ? UNREADABLE : claim(path);
}
