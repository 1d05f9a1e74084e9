/**
 * Who may call a workload: the AuthorizationPolicies and RequestAuthentications of its namespace and of the root namespace that select it.
 * All of them apply together. Workloads to which the same policies apply share one object, which lives as long as its policies do, so that
 * what is made of it is made once.
 */
import type { RequestAuthentication } from "../istio/mod.ts";
import { interned } from "./interned.ts";
import { type Authorization, type Policies, type Policy, selects } from "./policies.ts";
import type { Workload } from "./port.ts";

/** The policies that say who may call a workload. */
export interface Access {
  /** Which calls are taken, in order. */
  readonly authorization: readonly Policy<Authorization>[];
  /** Which tokens requests may bring, in order. */
  readonly requests: readonly Policy<RequestAuthentication>[];
}

/** Finds what applies to workloads. */
export interface Accesses {
  /** What applies to a workload. */
  of(policies: Policies, workload: Workload, rootNamespace: string): Access;
}

/** Makes an {@linkcode Accesses} that remembers. */
export function createAccesses(): Accesses {
  const byPlace = createIndex();
  const kept = interned((
    list: readonly (Policy<Authorization> | Policy<RequestAuthentication>)[],
  ): Access => ({
    authorization: list.filter((policy): policy is Policy<Authorization> => "rules" in policy.spec),
    requests: list.filter((policy): policy is Policy<RequestAuthentication> =>
      "jwtRules" in policy.spec
    ),
  }));
  return {
    of({ authorization, requests }, workload, rootNamespace) {
      const applying = <Spec>(list: readonly Policy<Spec>[]): readonly Policy<Spec>[] => {
        const index = byPlace(list);
        const places = new Set([rootNamespace, workload.namespace]);
        return [...places].flatMap((place) => index.get(place) ?? [])
          .filter((policy): policy is Policy<Spec> => selects(policy, workload));
      };
      return kept([...applying(authorization), ...applying(requests)]);
    },
  };
}

/** Policies by namespace, found once for each list. */
function createIndex() {
  const kept = new WeakMap<object, ReadonlyMap<string, readonly Policy<unknown>[]>>();
  return (list: readonly Policy<unknown>[]) => {
    const known = kept.get(list) ?? Map.groupBy(list, ({ namespace }) => namespace);
    kept.set(list, known);
    return known;
  };
}
