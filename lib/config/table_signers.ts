/** The rows of the table of options that say which signers of a Kubernetes cluster are asked, and for what. istiod's names. */
import { textOption } from "./option.ts";

/** Signers of a cluster. */
export const SIGNER_OPTIONS = {
  externalCa: textOption({
    variable: "EXTERNAL_CA",
    fallback: "",
    help:
      "ISTIOD_RA_KUBERNETES_API has signers of the cluster sign workloads' certificates in the CA's place",
  }),
  k8sSigner: textOption({
    variable: "K8S_SIGNER",
    fallback: "",
    help: "with EXTERNAL_CA: the signer that is asked for callers who name none",
  }),
  certSignerDomain: textOption({
    variable: "CERT_SIGNER_DOMAIN",
    fallback: "",
    help: "with EXTERNAL_CA: domain of the signers that callers may name by metadata CertSigner",
  }),
  certSigner: textOption({
    flag: "certSigner",
    variable: "SIGNET_CERT_SIGNER",
    fallback: "",
    help:
      "with PILOT_CERT_PROVIDER=kubernetes: the cluster's signer that signet's own certificate comes from",
  }),
} as const;
