/**
 * The filters by which a workload takes or refuses calls: one of Envoy's RBAC for each action of its policies, in the order audit, deny,
 * allow. Where a policy allows, whatever none allows is refused (403, or the connection is closed).
 *
 * A policy that asks an external authorizer (`CUSTOM`) names one of the mesh config's; as there is none, what it would ask about is denied.
 */
import type { FilterJson } from "../../../proto/gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { PolicyJson, RBACJson } from "../../../proto/gen/envoy/config/rbac/v3/rbac_pb.ts";
import type { RBACJson as HttpRbacJson } from "../../../proto/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts";
import type { RBACJson as NetworkRbacJson } from "../../../proto/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts";
import type { HttpFilterJson } from "../../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { Access } from "../../mesh/mod.ts";
import { typed } from "../typed.ts";
import { rulePolicy } from "./rule.ts";

type Action = "CUSTOM" | "AUDIT" | "DENY" | "ALLOW";

const ORDER: readonly Action[] = ["CUSTOM", "AUDIT", "DENY", "ALLOW"];
const ENVOY_ACTION = { CUSTOM: "DENY", AUDIT: "LOG", DENY: "DENY", ALLOW: "ALLOW" } as const;
/** Where a policy that is tried out is counted; dashboards know the names. */
const DRY_RUN_STATS = {
  CUSTOM: "",
  AUDIT: "",
  DENY: "istio_dry_run_deny_",
  ALLOW: "istio_dry_run_allow_",
} as const;
/** What policies without rules are: nothing is as they say. */
const NEVER: PolicyJson = {
  permissions: [{ notRule: { any: true } }],
  principals: [{ notId: { any: true } }],
};
/** Said of a rule whose authorizer is unknown, as Istio does. */
const UNKNOWN_AUTHORIZER = "-deny-due-to-bad-CUSTOM-action";

/** What a filter does, and what it only counts. */
interface Rules {
  readonly rules?: RBACJson;
  readonly shadowRules?: RBACJson;
  readonly shadowRulesStatPrefix?: string;
}

/** The filters of requests. */
export function httpAuthorization(access: Access, trustDomain: string): readonly HttpFilterJson[] {
  return rulesOf(access, trustDomain, "http").map((rules) => ({
    name: "envoy.filters.http.rbac",
    typedConfig: typed<HttpRbacJson>("envoy.extensions.filters.http.rbac.v3.RBAC", rules),
  }));
}

/** The filters of connections. */
export function tcpAuthorization(access: Access, trustDomain: string): readonly FilterJson[] {
  return rulesOf(access, trustDomain, "tcp").map((rules) => ({
    name: "envoy.filters.network.rbac",
    typedConfig: typed<NetworkRbacJson>("envoy.extensions.filters.network.rbac.v3.RBAC", {
      statPrefix: "tcp.",
      ...rules,
    }),
  }));
}

function rulesOf(access: Access, trustDomain: string, as: "http" | "tcp"): readonly Rules[] {
  return ORDER.flatMap((action) => {
    const policies = access.authorization.filter(({ spec }) => spec.action === action);
    if (policies.length === 0) return [];
    const [rules, shadowRules] = [false, true].map((isDryRun) => {
      const meant = policies.filter(({ spec }) => spec.isDryRun === isDryRun);
      return meant.length === 0 ? undefined : ruleSet(meant, action, { trustDomain, as });
    });
    return [{
      ...(rules === undefined ? {} : { rules }),
      ...(shadowRules === undefined
        ? {}
        : { shadowRules, shadowRulesStatPrefix: DRY_RUN_STATS[action] }),
    }];
  });
}

function ruleSet(
  policies: Access["authorization"],
  action: Action,
  { trustDomain, as }: { readonly trustDomain: string; readonly as: "http" | "tcp" },
): RBACJson {
  const made: Record<string, PolicyJson> = {};
  for (const { namespace, name, spec } of policies) {
    const keyOf = (rule: number) =>
      `ns[${namespace}]-policy[${name}]-rule[${rule}]${
        action === "CUSTOM" ? UNKNOWN_AUTHORIZER : ""
      }`;
    if (spec.rules.length === 0) made[keyOf(0)] = NEVER;
    for (const [index, rule] of spec.rules.entries()) {
      const allows = action === "ALLOW";
      const policy = rulePolicy(rule, { namespace, trustDomain, as, allows });
      if (policy !== undefined) made[keyOf(index)] = policy;
    }
  }
  return { action: ENVOY_ACTION[action], policies: made };
}
