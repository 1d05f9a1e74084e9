/** From option values to the settings of sidecar injection. */
import type { Config } from "./port.ts";
import type { OptionValues } from "./table.ts";

/** Name of the ConfigMap of the default revision. */
const CONFIG_MAP = "istio-sidecar-injector";

/** Settings of the injector; `undefined` when it is turned off. @param kube the cluster, if there is one. */
export function toInject(values: OptionValues, kube: Config["kube"]): Config["inject"] {
  const { injectEnabled, injectDir, nativeSidecars, proxyImage, clusterId, namespace } = values;
  if (!injectEnabled) return undefined;
  const revision = values.revision === "default" ? "" : values.revision;
  const name = revision === "" ? CONFIG_MAP : `${CONFIG_MAP}-${revision}`;
  return {
    directory: injectDir,
    configMap: kube === undefined ? undefined : { namespace, name },
    builtin: { image: proxyImage, clusterName: clusterId === "" ? "Kubernetes" : clusterId },
    revision: values.revision,
    nativeSidecars: nativeSidecars === "auto" ? "auto" : nativeSidecars === "true" ? "on" : "off",
  };
}
