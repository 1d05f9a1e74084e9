/** The options of a Kubernetes cluster: which one, what is asked of it, and whose tokens it vouches for. istiod's names. */
import { choiceOption, listOption, pathOption, textOption } from "./option.ts";

/** A cluster. */
export const KUBE_OPTIONS = {
  kubeconfig: pathOption({
    flag: "kubeconfig",
    variable: "KUBECONFIG",
    fallback: "",
    help:
      "a Kubernetes cluster to use; empty takes that of the pod's service account, when signet runs in one. Never ~/.kube/config",
  }),
  registries: listOption({
    flag: "registries",
    fallback: "",
    help:
      'Kubernetes, which needs a cluster; by default Kubernetes where there is a cluster. Given as "" it uses none',
  }),
  clusterId: textOption({
    flag: "clusterID",
    variable: "CLUSTER_ID",
    fallback: "Kubernetes",
    help: "name of that cluster, which callers may give in the header clusterid",
  }),
  clusterAliases: listOption({
    flag: "clusterAliases",
    fallback: "",
    help: "other names of it: alias=cluster, ...",
  }),
  tokenAudiences: listOption({
    variable: "TOKEN_AUDIENCES",
    fallback: "istio-ca",
    help: "audiences, of which tokens of service accounts should have one",
  }),
  jwtPolicy: choiceOption(
    {
      variable: "JWT_POLICY",
      fallback: "third-party-jwt",
      help:
        "first-party-jwt also takes tokens for the API server itself, which are in every pod: whoever reads one can then be that workload",
    },
    ["third-party-jwt", "first-party-jwt"],
  ),
  kubernetesServicePort: textOption({
    variable: "KUBERNETES_SERVICE_PORT",
    fallback: "",
    help: "set by Kubernetes: port of the API server",
  }),
} as const;
