/**
 * DestinationRule (`networking.istio.io`): what applies to connections to a host after a route chose it, and its subsets by labels.
 *
 * Checked as Istio does; each part in the file of its name.
 */
import { type KindRule, NETWORKING_VERSIONS, type SpecOf } from "../kind.ts";
import { subsetNameFault, wildcardDomainFault } from "../names.ts";
import { list, map, object } from "../schema/collection.ts";
import { below, type Cursor, fault, repeatsOf } from "../schema/port.ts";
import { text } from "../schema/scalar.ts";
import {
  checkExportTo,
  checkLabels,
  checkSelector,
  EXPORT_TO,
  warnOfEmptySelector,
  WORKLOAD_SELECTOR,
} from "../selector.ts";
import { checkTrafficPolicy, TRAFFIC_POLICY } from "./traffic_policy.ts";

const SUBSET = object({ name: text(), labels: map(text()), trafficPolicy: TRAFFIC_POLICY }, {
  required: ["name"],
});
const SPEC = object({
  host: text(),
  trafficPolicy: TRAFFIC_POLICY,
  subsets: list(SUBSET),
  exportTo: EXPORT_TO,
  workloadSelector: WORKLOAD_SELECTOR,
}, { required: ["host"] });

/** `spec` of a DestinationRule. */
export type DestinationRule = SpecOf<typeof SPEC>;
/** A named part of a host's endpoints. */
export type Subset = DestinationRule["subsets"][number];

/** What signet knows of DestinationRule. */
export const DESTINATION_RULE: KindRule<DestinationRule> = {
  group: "networking.istio.io",
  versions: NETWORKING_VERSIONS,
  schema: SPEC,
  needsSpec: false,
  check(rule, at, { namespace }) {
    fault(below(at, "host"), wildcardDomainFault(rule.host));
    checkTrafficPolicy(rule.trafficPolicy, below(at, "trafficPolicy"), { namespace });
    checkSubsets(rule.subsets, below(at, "subsets"), { namespace });
    checkExportTo(rule.exportTo, below(at, "exportTo"), { namespace });
    if (rule.workloadSelector === undefined) return;
    checkOwnNamespace(rule.exportTo, below(at, "exportTo"), { namespace });
    const labels = rule.workloadSelector.matchLabels;
    checkSelector(labels, below(at, "workloadSelector"), "matchLabels");
    warnOfEmptySelector(labels, below(at, "workloadSelector"));
  },
};

function checkSubsets(
  subsets: readonly Subset[],
  at: Cursor,
  context: { readonly namespace: string },
): void {
  const repeats = repeatsOf(subsets.map(({ name }) => name));
  for (const [index, subset] of subsets.entries()) {
    const place = below(at, index);
    if (repeats.has(index)) {
      fault(below(place, "name"), `duplicate subset names: ${subset.name}`);
    }
    fault(below(place, "name"), subsetNameFault(subset.name));
    checkLabels(subset.labels, below(place, "labels"));
    checkTrafficPolicy(subset.trafficPolicy, below(place, "trafficPolicy"), context);
  }
}

/** A rule for some workloads is for those of its own namespace. */
function checkOwnNamespace(
  exportTo: readonly string[],
  at: Cursor,
  { namespace }: { readonly namespace: string },
): void {
  if (exportTo.length === 0) return;
  if (!exportTo.some((name) => name === "." || name === namespace)) {
    fault(
      at,
      "destination rule with workload selector cannot have exportTo beyond current namespace",
    );
  } else if (exportTo.length > 1) {
    fault(at, "destination rule with workload selector cannot have multiple entries in exportTo");
  }
}
