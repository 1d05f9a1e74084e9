/** The Secret that holds a self-signed CA, in istiod's form (type `istio.io/ca-root`), and back. */
import { fromUtf8, messageOf, SignetError, utf8 } from "../base/mod.ts";
import type { CaSet } from "../store/mod.ts";
import { asObject, asText, refusedStatus } from "./documents.ts";
import type { KubeClient, KubeDocument } from "./port.ts";

/** Names of the Secret, in the order in which they are looked for. */
export const CA_SECRET = { own: "istio-ca-secret", cacerts: "cacerts" } as const;
/** Marks a `cacerts` that a server made, so that one that is mounted is not taken for a plugged-in CA. */
const GENERATED = "istio-generated";
const TYPE = "istio.io/ca-root";
const FILES = {
  caCertPem: "ca-cert.pem",
  caKeyPem: "ca-key.pem",
  rootCertPem: "root-cert.pem",
  certChainPem: "cert-chain.pem",
} as const;

/** The fields of `data` for a set. @throws {SignetError} `store.refused` when a rotation to a new key is under way in it. */
export function secretData(set: CaSet): Readonly<Record<string, string>> {
  if (set.rotation !== undefined) {
    throw new SignetError(
      "store.refused",
      "Cannot keep CA in a Secret: a rotation to a new key is under way; end it by signet ca rotate --now outside the cluster first",
    );
  }
  return Object.fromEntries(
    Object.entries(FILES).map(([key, file]) => [
      file,
      utf8(set[key as keyof typeof FILES]).toBase64(),
    ]),
  );
}

/** A new Secret. */
export function newSecret(set: CaSet, name: string, namespace: string): KubeDocument {
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: TYPE,
    metadata: { name, namespace },
    data: {
      ...secretData(set),
      "key.pem": "",
      ...(name === CA_SECRET.cacerts ? { [GENERATED]: "" } : {}),
    },
  };
}

/**
 * The set in a Secret; `undefined` when it is no CA of a server's own: a `cacerts` that somebody plugged in.
 *
 * istiod leaves `root-cert.pem` as it was when it renews: roots that do not hold the certificate that signs are stale, and it is its own.
 *
 * @throws {SignetError} `store.corrupt`, `store.incomplete`.
 */
export function setOfSecret(secret: KubeDocument, where: string): CaSet | undefined {
  const data = asObject(secret["data"]);
  if (asText(secret["type"]) !== TYPE && !(GENERATED in data)) return undefined;
  const read = (file: string) => decodeFile(data, file, where);
  const caCertPem = read(FILES.caCertPem);
  const caKeyPem = read(FILES.caKeyPem);
  if (caCertPem === "" || caKeyPem === "") {
    const missing = caCertPem === "" ? FILES.caCertPem : FILES.caKeyPem;
    throw new SignetError(
      "store.incomplete",
      `Cannot use ${where}: it has no ${missing}; restore it, or delete the Secret to start with a new root`,
    );
  }
  const roots = read(FILES.rootCertPem);
  const rootCertPem = roots.includes(caCertPem.trim()) ? roots : caCertPem;
  return { caCertPem, caKeyPem, rootCertPem, certChainPem: read(FILES.certChainPem) };
}

/** What of a Secret tells that another set became current, without its key. */
export function fingerprintOf(secret: KubeDocument): string {
  const data = asObject(secret["data"]);
  return JSON.stringify(
    [FILES.caCertPem, FILES.rootCertPem, FILES.certChainPem].map((file) => asText(data[file])),
  );
}

/** Files of a plugged-in CA, in both of istiod's forms. */
const PLUGGED_IN_FILES = [...Object.values(FILES), "ca-crl.pem", "tls.crt", "tls.key", "ca.crt"];

/**
 * The files of the plugged-in CA in Secret `cacerts`; `undefined` when there is none, or a server made what is there.
 *
 * @throws {SignetError} `kube.*`, `store.corrupt`.
 */
export async function readPluggedInSecret(
  client: Pick<KubeClient, "request">,
  namespace: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const path = `/api/v1/namespaces/${namespace}/secrets/${CA_SECRET.cacerts}`;
  let secret: KubeDocument;
  try {
    secret = await client.request({ path });
  } catch (thrown) {
    if (refusedStatus(thrown) === 404) return undefined;
    throw thrown;
  }
  const data = asObject(secret["data"]);
  if (asText(secret["type"]) === TYPE || GENERATED in data) return undefined;
  const found = PLUGGED_IN_FILES.filter((name) => asText(data[name]) !== "");
  if (found.length === 0) return undefined;
  const where = `Secret ${namespace}/${CA_SECRET.cacerts}`;
  return Object.fromEntries(found.map((name) => [name, decodeFile(data, name, where)]));
}

/** @throws {SignetError} `store.corrupt`. */
function decodeFile(data: KubeDocument, file: string, where: string): string {
  try {
    return fromUtf8(Uint8Array.fromBase64(asText(data[file])));
  } catch (thrown) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${where}: ${file} is not base64: ${messageOf(thrown)}`,
    );
  }
}
