/**
 * AuthorizationPolicy (`security.istio.io`): who may call what.
 *
 * Checked as Istio does: each part of a rule says something, addresses, ports, paths and attributes are ones, and what an external
 * authorizer (`CUSTOM`) cannot be asked is not asked. The webhook puts `invalid policy NAME.NAMESPACE:` in front of its texts.
 */
import { type KindRule, SECURITY_VERSIONS, type SpecOf } from "../kind.ts";
import { list, object, type Raw } from "../schema/collection.ts";
import { below, type Cursor, fault, warn } from "../schema/port.ts";
import { choice, text } from "../schema/scalar.ts";
import {
  checkOneTarget,
  checkPolicyTargets,
  POLICY_TARGETS,
  warnOfEmptySelector,
} from "../selector.ts";
import { attributeFault } from "./attributes.ts";
import {
  addressesFault,
  emptyFault,
  pathsFault,
  portsFault,
  serviceAccountsFault,
  trustDomainsFault,
} from "./values.ts";

const MAX_RULES = { max: 512 };
const ACCOUNTS = list(text({ max: 320 }), { max: 16 });

const SOURCE = object({
  principals: list(text()),
  notPrincipals: list(text()),
  requestPrincipals: list(text()),
  notRequestPrincipals: list(text()),
  namespaces: list(text()),
  notNamespaces: list(text()),
  serviceAccounts: ACCOUNTS,
  notServiceAccounts: ACCOUNTS,
  trustDomains: list(text()),
  notTrustDomains: list(text()),
  ipBlocks: list(text()),
  notIpBlocks: list(text()),
  remoteIpBlocks: list(text()),
  notRemoteIpBlocks: list(text()),
}, { check: checkAccounts });
const OPERATION = object({
  hosts: list(text()),
  notHosts: list(text()),
  ports: list(text()),
  notPorts: list(text()),
  methods: list(text()),
  notMethods: list(text()),
  paths: list(text()),
  notPaths: list(text()),
});
const RULE = object({
  from: list(object({ source: SOURCE }), MAX_RULES),
  to: list(object({ operation: OPERATION })),
  when: list(
    object({ key: text(), values: list(text()), notValues: list(text()) }, { required: ["key"] }),
  ),
});
const SPEC = object({
  ...POLICY_TARGETS,
  rules: list(RULE, MAX_RULES),
  action: choice("ALLOW", "DENY", "AUDIT", "CUSTOM"),
  provider: object({ name: text() }),
}, { check: checkOneTarget });

/** `spec` of an AuthorizationPolicy. */
export type AuthorizationPolicy = SpecOf<typeof SPEC>;
/** One of its rules. */
export type AuthorizationRule = AuthorizationPolicy["rules"][number];
/** Who calls. */
export type AuthorizationSource = NonNullable<AuthorizationRule["from"][number]["source"]>;
/** What is called. */
export type AuthorizationOperation = NonNullable<AuthorizationRule["to"][number]["operation"]>;

/** Service accounts stand for namespace and principal. */
function checkAccounts(raw: Raw, at: Cursor): void {
  const has = (field: string) => raw[field] !== undefined;
  const accounts = ["serviceAccounts", "notServiceAccounts"].find(has);
  const others = ["principals", "notPrincipals", "namespaces", "notNamespaces"];
  if (accounts !== undefined && others.some(has)) {
    fault(below(at, accounts), "cannot set serviceAccounts with namespaces or principals");
  }
}

/** What signet knows of AuthorizationPolicy. */
export const AUTHORIZATION_POLICY: KindRule<AuthorizationPolicy> = {
  group: "security.istio.io",
  versions: SECURITY_VERSIONS,
  schema: SPEC,
  needsSpec: false,
  check(policy, at) {
    checkPolicyTargets(policy, at);
    if (policy.selector !== undefined) {
      warnOfEmptySelector(policy.selector.matchLabels, below(at, "selector"));
    }
    checkAction(policy, at);
    for (const [index, rule] of policy.rules.entries()) {
      checkRule(rule, below(at, "rules", index), index);
      if (policy.action === "CUSTOM") checkCustom(rule, below(at, "rules", index));
      if (policy.action === "DENY") warnOfTcp(rule, below(at, "rules", index));
    }
  },
};

function checkAction({ action, rules, provider }: AuthorizationPolicy, at: Cursor): void {
  if (rules.length === 0 && (action === "DENY" || action === "CUSTOM")) {
    fault(
      below(at, "rules"),
      `${action} action without \`rules\` is meaningless as it will never be triggered, add an empty rule \`{}\` if you want it be triggered for every request`,
    );
  } else if (action === "CUSTOM" && (provider?.name ?? "") === "") {
    fault(below(at, "provider", "name"), "`provider.name` must not be empty");
  }
  if (provider !== undefined && action !== "CUSTOM") {
    fault(
      below(at, "provider"),
      `\`provider\` must not be with non CUSTOM action, found ${action}`,
    );
  }
}

function checkRule({ from, to, when }: AuthorizationRule, at: Cursor, rule: number): void {
  for (const [index, { source }] of from.entries()) {
    const place = below(at, "from", index, "source");
    if (source === undefined) {
      fault(place, `\`from.source\` must not be nil, found at rule ${rule}`);
    } else checkSource(source, place, rule);
  }
  for (const [index, { operation }] of to.entries()) {
    const place = below(at, "to", index, "operation");
    if (operation === undefined) {
      fault(place, `\`to.operation\` must not be nil, found at rule ${rule}`);
    } else checkOperation(operation, place, rule);
  }
  for (const [index, { key, values, notValues }] of when.entries()) {
    const place = below(at, "when", index);
    if (key === "") fault(below(place, "key"), "`key` must not be empty");
    else if (values.length + notValues.length === 0) {
      fault(place, `at least one of \`values\` or \`notValues\` must be set for key ${key}`);
    } else {
      const refuse = (field: "values" | "notValues", word: string, wrong: string | undefined) =>
        wrong !== undefined &&
        fault(below(place, field), `invalid \`${word}\` for \`key\` ${key}: ${wrong}`);
      refuse("values", "value", attributeFault(key, values));
      refuse("notValues", "notValue", attributeFault(key, notValues));
    }
  }
}

/** What is wrong with the values of a field; `name` is its name in istiod's texts. */
type ValuesRule = (values: readonly string[], name: string) => string | undefined;

const SOURCE_RULES = {
  principals: emptyFault,
  notPrincipals: emptyFault,
  requestPrincipals: emptyFault,
  notRequestPrincipals: emptyFault,
  namespaces: emptyFault,
  notNamespaces: emptyFault,
  serviceAccounts: serviceAccountsFault,
  notServiceAccounts: serviceAccountsFault,
  trustDomains: trustDomainsFault,
  notTrustDomains: trustDomainsFault,
  ipBlocks: addressesFault,
  notIpBlocks: addressesFault,
  remoteIpBlocks: addressesFault,
  notRemoteIpBlocks: addressesFault,
} satisfies Record<keyof AuthorizationSource, ValuesRule>;

const OPERATION_RULES = {
  hosts: emptyFault,
  notHosts: emptyFault,
  ports: portsFault,
  notPorts: portsFault,
  methods: emptyFault,
  notMethods: emptyFault,
  paths: pathsFault,
  notPaths: pathsFault,
} satisfies Record<keyof AuthorizationOperation, ValuesRule>;

function checkSource(source: AuthorizationSource, at: Cursor, rule: number): void {
  const fields = Object.keys(SOURCE_RULES) as (keyof AuthorizationSource)[];
  if (fields.every((field) => source[field].length === 0)) {
    fault(at, `\`from.source\` must not be empty, found at rule ${rule}`);
  }
  for (const field of fields) {
    fault(below(at, field), SOURCE_RULES[field](source[field], capitalized(field)));
  }
}

function checkOperation(operation: AuthorizationOperation, at: Cursor, rule: number): void {
  const fields = Object.keys(OPERATION_RULES) as (keyof AuthorizationOperation)[];
  if (fields.every((field) => operation[field].length === 0)) {
    fault(at, `\`to.operation\` must not be empty, found at rule ${rule}`);
  }
  for (const field of fields) {
    fault(below(at, field), OPERATION_RULES[field](operation[field], capitalized(field)));
  }
}

function capitalized(field: string): string {
  return `${field[0]!.toUpperCase()}${field.slice(1)}`;
}

/** What an external authorizer is not asked, as it is told of the request alone. */
const NOT_CUSTOM = [
  ...["namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts", "trustDomains"],
  ...["notTrustDomains", "principals", "notPrincipals", "requestPrincipals"],
  "notRequestPrincipals",
] as (keyof AuthorizationSource)[];
const NOT_CUSTOM_KEYS = [
  "source.namespace",
  "source.serviceAccount",
  "source.trustDomain",
  "source.principal",
];

function checkCustom({ from, when }: AuthorizationRule, at: Cursor): void {
  const reason = "is currently not supported with CUSTOM action";
  for (const [index, { source }] of from.entries()) {
    for (const field of NOT_CUSTOM) {
      if ((source?.[field].length ?? 0) === 0) continue;
      fault(below(at, "from", index, "source", field), `From.${capitalized(field)} ${reason}`);
    }
  }
  for (const [index, { key }] of when.entries()) {
    if (!NOT_CUSTOM_KEYS.includes(key) && !key.startsWith("request.auth.")) continue;
    fault(below(at, "when", index, "key"), `${key} ${reason}`);
  }
}

/** Fields of a source that a connection has, too. */
const TCP_FIELDS = [
  ...["principals", "notPrincipals", "namespaces", "notNamespaces", "serviceAccounts"],
  ...["notServiceAccounts", "ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"],
] as (keyof AuthorizationSource)[];

/** A denial by what only requests have denies every connection. */
function warnOfTcp({ from, to }: AuthorizationRule, at: Cursor): void {
  const sources = from.flatMap(({ source }) => source ?? []);
  const operations = to.flatMap(({ operation }) => operation ?? []);
  const saysWho = sources.some((source) => TCP_FIELDS.some((field) => source[field].length > 0));
  const saysPort = operations.some(({ ports, notPorts }) => ports.length + notPorts.length > 0);
  const isWide = operations.length > 0 ? !saysPort : sources.length > 0 && !saysWho;
  if (!isWide) return;
  warn(
    at,
    "configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due to the use of only HTTP attributes in a DENY rule; it is recommended to explicitly specify the port",
  );
}
