/**
 * What stands in for an AuthorizationPolicy with faults of which nothing better is known: without it, a workload that takes what the
 * policy allows and nothing else would take everything.
 */
import { type Fault, type IstioDocument, MAX_FINDINGS } from "../../istio/mod.ts";

/** Fields without which nobody knows whom a policy is for, and what its rules do. */
const HEAD: readonly unknown[] = ["selector", "targetRef", "targetRefs", "action"];

/**
 * The policy with those of its rules that have no fault, as Istio takes it: one that allows is there without any, too, and then allows
 * nothing. Undefined for any other document, and when nobody knows whom the policy is for.
 */
export function standIn(
  document: IstioDocument | undefined,
  faults: readonly Fault[],
): IstioDocument | undefined {
  if (document?.kind !== "AuthorizationPolicy") return undefined;
  const inSpec = faults.filter(({ path }) => path[0] === "spec");
  if (inSpec.some(({ path: [, field] }) => field === undefined || HEAD.includes(field))) {
    return undefined;
  }
  const wrong = new Set(
    inSpec.filter(({ path }) => path[1] === "rules").map(({ path }) => path[2]),
  );
  // Of many faults some are not told.
  const isKnown = faults.length < MAX_FINDINGS && !wrong.has(undefined);
  const rules = isKnown ? document.spec.rules.filter((_, at) => !wrong.has(at)) : [];
  if (rules.length === 0 && document.spec.action !== "ALLOW") return undefined;
  return { ...document, spec: { ...document.spec, rules } };
}
