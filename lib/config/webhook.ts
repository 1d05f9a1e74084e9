/** From option values to the settings of the admission webhooks. */
import type { Config } from "./port.ts";
import type { OptionValues } from "./table.ts";

/** The revision of a control plane that names none: what its webhook configurations have as their label. */
const DEFAULT_REVISION = "default";

/** Settings of the webhooks. @param inCluster there is a cluster whose configurations are kept up to date. */
export function toWebhook(values: OptionValues, inCluster: boolean): Config["webhook"] {
  const { httpsAddr, namespace, revision, tlsMinVersion } = values;
  return {
    addr: httpsAddr,
    tlsMinVersion: tlsMinVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
    cluster: inCluster
      ? {
        revision: revision === "" ? DEFAULT_REVISION : revision,
        namespace,
        patchesInjection: values.injectionWebhookConfigName !== "",
        patchesValidation: values.validationWebhookConfigName !== "",
      }
      : undefined,
  };
}
