/** The options of sidecar injection. istiod's names, where it has any. */
import { boolOption, choiceOption, pathOption, textOption } from "./option.ts";

/** What pods get. */
export const INJECT_OPTIONS = {
  injectEnabled: boolOption({
    variable: "INJECT_ENABLED",
    fallback: "true",
    help: "give pods sidecars at /inject; needs the folder below or a cluster",
  }),
  injectDir: pathOption({
    flag: "injectDir",
    variable: "SIGNET_INJECT_DIR",
    fallback: "./var/lib/istio/inject",
    help:
      "folder with the injector's files config and values; where it is not there, ConfigMap istio-sidecar-injector[-<revision>] of the cluster, and without that signet's own template",
  }),
  nativeSidecars: choiceOption({
    variable: "ENABLE_NATIVE_SIDECARS",
    fallback: "auto",
    help:
      "make sidecars init containers that stay, where a pod does not say; auto: when the cluster's API server is 1.33 or later",
  }, ["auto", "true", "false"]),
  proxyImage: textOption({
    flag: "proxyImage",
    variable: "SIGNET_PROXY_IMAGE",
    fallback: "registry.istio.io/release/proxyv2:1.31.4",
    help:
      "image of the proxy in signet's own template; a configuration of the operator's has its own",
  }),
} as const;
