/** From option values to the signers of a cluster: whether they sign for workloads, and for signet itself. */
import { toKube } from "./kube.ts";
import type { Config } from "./port.ts";
import { type OptionName, OPTIONS, type OptionValues } from "./table.ts";
import { nameOf, type ResolvedValues } from "./values.ts";

/** The one external CA of istiod's. */
const REGISTRATION = "ISTIOD_RA_KUBERNETES_API";
const PROVIDER_PREFIX = "k8s.io/";
const KUBERNETES_PREFIX = "kubernetes.io/";
/** Where istiod has the roots of signers mounted, relative to the working directory. */
const ROOTS_FILE = "./etc/external-ca-cert/root-cert.pem";
/** The cluster's own root, which Kubernetes mounts into every pod. */
const CLUSTER_ROOT_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
/** `domain/name`, as the API server takes it. */
const SIGNER_NAME_REGEXP = /^[a-z0-9][-a-z0-9.]*\/[A-Za-z0-9][-A-Za-z0-9._:]*$/;
const DOMAIN_REGEXP = /^[a-z0-9][-a-z0-9.]*(\/[-A-Za-z0-9._:]+)?$/;

/** True when signers of the cluster sign for workloads. */
export function hasRegistration({ externalCa, enableCaServer }: OptionValues): boolean {
  return externalCa !== "" && enableCaServer;
}

/** True when the built-in CA is there: istiod makes none where signers of the cluster sign for workloads and for the server. */
export function hasBuiltInCa(values: OptionValues): boolean {
  return values.enableCaServer &&
    !(hasRegistration(values) && ownSigner(values) !== undefined);
}

/** The signer that signet's own certificate comes from; `undefined` for every other provider. */
export function ownSigner(
  { pilotCertProvider: provider, certSigner }: OptionValues,
): string | undefined {
  if (provider === "kubernetes") return certSigner;
  return provider.startsWith(PROVIDER_PREFIX) ? provider.slice(PROVIDER_PREFIX.length) : undefined;
}

/** Settings of the signers; `undefined` when none is asked for anything. */
export function toSigners(values: OptionValues): Config["signers"] {
  const registers = hasRegistration(values);
  const own = ownSigner(values);
  if (!registers && own === undefined) return undefined;
  const { k8sSigner, certSignerDomain, maxWorkloadCertTtl, minRsaBits } = values;
  const takesClusterRoot = certSignerDomain === "" &&
    (registers || values.pilotCertProvider === "kubernetes");
  return {
    workloads: registers
      ? {
        signerName: k8sSigner,
        signerDomain: certSignerDomain,
        maxWorkloadTtlMs: maxWorkloadCertTtl,
        minRsaBits,
      }
      : undefined,
    rootFiles: takesClusterRoot ? [ROOTS_FILE, CLUSTER_ROOT_FILE] : [ROOTS_FILE],
  };
}

/** What is wrong with these options, one sentence each. */
export function signerFaults(values: OptionValues, resolved: ResolvedValues): readonly string[] {
  const { externalCa, k8sSigner, certSignerDomain, certSigner, pilotCertProvider } = values;
  const faults: string[] = [];
  if (externalCa !== "" && externalCa !== REGISTRATION) {
    faults.push(
      `EXTERNAL_CA: ${JSON.stringify(externalCa)} is no external CA, should be ${REGISTRATION}`,
    );
  }
  if (externalCa !== "" && k8sSigner === "" && certSignerDomain === "") {
    faults.push("EXTERNAL_CA: it names no signer; set K8S_SIGNER, CERT_SIGNER_DOMAIN, or both");
  }
  if (pilotCertProvider === "kubernetes" && certSigner === "") {
    faults.push(
      "PILOT_CERT_PROVIDER=kubernetes is no longer supported by upstream K8S, which has no signer for servers; name one that the cluster has by --certSigner, or set PILOT_CERT_PROVIDER=istiod",
    );
  }
  const names = [
    ["K8S_SIGNER", k8sSigner],
    ["--certSigner", certSigner],
    ["PILOT_CERT_PROVIDER", pilotCertProvider === "kubernetes" ? "" : ownSigner(values) ?? ""],
  ] as const;
  for (const [option, name] of names) {
    const isMissing = option === "PILOT_CERT_PROVIDER" && pilotCertProvider === PROVIDER_PREFIX;
    if (name === "" && !isMissing) continue;
    if (name.startsWith(KUBERNETES_PREFIX)) {
      faults.push(
        `${option}: ${name} is one of Kubernetes' own signers, which sign for kubelets and users of the API alone; name a signer that was installed into the cluster`,
      );
    } else if (!SIGNER_NAME_REGEXP.test(name)) {
      faults.push(`${option}: ${JSON.stringify(name)} is no signer, should be domain/name`);
    }
  }
  if (
    certSignerDomain !== "" &&
    (certSignerDomain === "kubernetes.io" || !DOMAIN_REGEXP.test(certSignerDomain))
  ) {
    faults.push(`CERT_SIGNER_DOMAIN: ${JSON.stringify(certSignerDomain)} is no domain of signers`);
  }
  if (toSigners(values) !== undefined && toKube(values, resolved) === undefined) {
    faults.push(
      "EXTERNAL_CA and signers of PILOT_CERT_PROVIDER need a cluster: give --kubeconfig, or run in a pod",
    );
  }
  return faults;
}

const OF_REGISTRATION = ["k8sSigner", "certSignerDomain"] as const satisfies readonly OptionName[];

/** What of these options does less than it seems to. */
export function signerNotices(
  values: OptionValues,
  { values: given }: ResolvedValues,
): readonly string[] {
  const sourceOf = (name: OptionName) => given.get(name)?.source ?? "default";
  const notices = OF_REGISTRATION.filter((name) =>
    values.externalCa === "" && sourceOf(name) !== "default"
  ).map((name) => `${nameOf(OPTIONS[name], sourceOf(name))} has no effect without EXTERNAL_CA`);
  if (values.externalCa !== "" && !values.enableCaServer) {
    notices.push("EXTERNAL_CA has no effect with ENABLE_CA_SERVER=false");
  }
  if (values.certSigner !== "" && values.pilotCertProvider !== "kubernetes") {
    notices.push("--certSigner has no effect unless PILOT_CERT_PROVIDER is kubernetes");
  }
  return notices;
}
