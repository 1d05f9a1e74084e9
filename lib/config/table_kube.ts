/** The options of a Kubernetes cluster: which one, what is asked of it, and whose tokens it vouches for. istiod's names. */
import {
  boolOption,
  choiceOption,
  durationOption,
  intOption,
  listOption,
  pathOption,
  rateOption,
  textOption,
} from "./option.ts";

/** More than an API server takes. */
const MAX_REQUESTS = 1_000_000;

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
      'Kubernetes, which needs a cluster, or Mock, which is none; by default Kubernetes where there is a cluster. Given as "" it uses none',
  }),
  sharedMeshConfig: textOption({
    variable: "SHARED_MESH_CONFIG",
    fallback: "",
    help:
      "in a cluster: name of a ConfigMap with a mesh config under that of ConfigMap istio; empty for none",
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
  maxApiServerAway: durationOption({
    flag: "maxApiServerAway",
    variable: "SIGNET_MAX_API_SERVER_AWAY",
    fallback: "1h",
    help:
      "how long tokens of service accounts are judged by the cluster's keys while its API server is away; 0s never",
  }, { minMs: 0, maxMs: 24 * 3_600_000 }),
  kubernetesApiQps: rateOption({
    flag: "kubernetesApiQPS",
    fallback: "80",
    help:
      "most requests a second to the cluster's API server, for long; reviews of tokens and renewals of the Lease do not wait",
  }, { max: MAX_REQUESTS }),
  kubernetesApiBurst: intOption({
    flag: "kubernetesApiBurst",
    fallback: "160",
    help: "most requests to it at once",
  }, { min: 1, max: MAX_REQUESTS }),
  useCacerts: boolOption({
    variable: "USE_CACERTS_FOR_SELF_SIGNED_CA",
    fallback: "false",
    help: "in a cluster: keep a root of signet's own in Secret cacerts instead of istio-ca-secret",
  }),
  useRemoteCerts: boolOption({
    variable: "USE_REMOTE_CERTS",
    fallback: "false",
    help:
      "in a cluster: copy the plugged-in CA of Secret cacerts into ROOT_CA_DIR at start, when nothing is there",
  }),
  leaderElection: boolOption({
    variable: "ENABLE_LEADER_ELECTION",
    fallback: "true",
    help:
      "in a cluster: let one replica alone renew the root and write ConfigMaps; false lets each",
  }),
  clusterRegistriesNamespace: textOption({
    flag: "clusterRegistriesNamespace",
    fallback: "",
    help:
      "takes tokens of the clusters whose kubeconfigs are in this namespace, in Secrets with label istio/multiCluster=true; empty takes those of no other cluster",
  }),
  externalIstiod: boolOption({
    variable: "EXTERNAL_ISTIOD",
    fallback: "false",
    help:
      "serves remote clusters: --clusterRegistriesNamespace is the server's own namespace unless it is given",
  }),
  centralIstiod: boolOption({
    variable: "CENTRAL_ISTIOD",
    fallback: "false",
    help: "the same, istiod 1.7's name of it",
  }),
  clusterTrustBundle: boolOption({
    variable: "ENABLE_CLUSTER_TRUST_BUNDLE_API",
    fallback: "false",
    help:
      "in a cluster: write the roots into ClusterTrustBundle istio.io:istiod-ca:root-cert instead of a ConfigMap in every namespace",
  }),
  podName: textOption({
    variable: "POD_NAME",
    fallback: "",
    help: "name of this replica among those; empty makes one of the machine's name",
  }),
  rootConfigMap: textOption({
    variable: "PILOT_CA_CERT_CONFIGMAP",
    fallback: "istio-ca-root-cert",
    help: "in a cluster: name of the ConfigMap with the mesh's roots in every namespace",
  }),
  crlConfigMap: textOption({
    variable: "PILOT_CRL_CONFIGMAP",
    fallback: "istio-ca-crl",
    help: "in a cluster: name of the ConfigMap with the revocation lists of a plugged-in CA",
  }),
  kubernetesServicePort: textOption({
    variable: "KUBERNETES_SERVICE_PORT",
    fallback: "",
    help: "set by Kubernetes: port of the API server",
  }),
} as const;
