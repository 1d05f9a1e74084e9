/** The CA that a cluster keeps in its Secret, replaced as an operator may do it: by one with another key. */
import { createRootSet } from "../../lib/ca/root.ts";
import { selectProvider } from "../../lib/crypto/mod.ts";
import { decodeCertificate, decodePem } from "../../lib/x509/mod.ts";
import type { TestCluster } from "./kubernetes.ts";

const SECRET = "/api/v1/namespaces/istio-system/secrets/istio-ca-secret";

/** The root in the Secret, PEM. */
export async function rootInSecret(cluster: TestCluster): Promise<string> {
  return atob((await cluster.api("GET", SECRET)).data["root-cert.pem"]);
}

/** Puts a CA of the same name with another key into the Secret; returns its root, PEM. */
export async function replaceCa(cluster: TestCluster): Promise<string> {
  const { provider } = await selectProvider("webcrypto");
  const [block] = decodePem(await rootInSecret(cluster), { label: "CERTIFICATE" });
  const { subject } = decodeCertificate(block!.der);
  const keySpec = { type: "ec", curve: "P-256" } as const;
  const set = await createRootSet({ subject, ttlMs: 86_400_000, keySpec }, {
    ...{ crypto: provider, nowMs: Date.now() },
  });
  await cluster.api("PATCH", SECRET, {
    data: {
      "ca-cert.pem": btoa(set.caCertPem),
      "ca-key.pem": btoa(set.caKeyPem),
      "root-cert.pem": btoa(set.rootCertPem),
    },
  });
  return set.rootCertPem;
}
