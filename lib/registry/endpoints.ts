/** Endpoints out of Istio's documents. */
import type { IstioDocument, WorkloadEntry } from "../istio/mod.ts";
import type { Endpoint } from "./port.ts";

/** The label by which a workload says whether it takes mutual TLS. */
const TLS_MODE_LABEL = "security.istio.io/tlsMode";

/** A WorkloadEntry that stands for itself. */
export type WorkloadEntryDocument = Extract<IstioDocument, { readonly kind: "WorkloadEntry" }>;

/** A workload as an endpoint, without ports and hostname. One with a service account has a certificate unless it says otherwise. */
export function workloadEndpoint(
  { address, labels, network, locality, weight, serviceAccount }: WorkloadEntry,
): Endpoint {
  const mode = labels[TLS_MODE_LABEL] ?? (serviceAccount === "" ? "disabled" : "istio");
  return {
    ...{ address, labels, network, locality, weight, serviceAccount, ports: {}, hostname: "" },
    ready: true,
    tlsMode: mode === "istio" ? "istio" : "disabled",
  };
}
