/**
 * Signet's own certificate from a signer of the cluster (istiod's `chiron`): a new key and CSR each time, and an answer that is held to both
 * before it is served.
 */
import { isSignetError, SignetError } from "../base/mod.ts";
import { checkAnswer, decodeAnswer, type RootList, type Signers } from "../ca/mod.ts";
import { encodePrivateKeyPem } from "../crypto/mod.ts";
import { buildCsrInfo, encodeCsr, encodePem, verifyChain } from "../x509/mod.ts";
import { toPem } from "./material.ts";
import type { ServerCertConfig, ServingMaterial } from "./port.ts";
import type { ObtainHost } from "./source.ts";

/** Key usages of a server's certificate, in Kubernetes' words. */
const USAGES = ["digital signature", "key encipherment", "server auth"];

/** The roots of a signer. @throws {SignetError} `server_cert.bad_provider` when they are not known: clients could not check it. */
export function requireRoots(signers: Pick<Signers, "rootsOf">, signerName: string): RootList {
  const roots = signers.rootsOf(signerName);
  if (roots !== undefined) return roots;
  throw new SignetError(
    "server_cert.bad_provider",
    `Cannot use signer ${signerName} (PILOT_CERT_PROVIDER): no root for signer ${signerName}; name it in caCertificates of the mesh config, as pem with certSigners, or give ./etc/external-ca-cert/root-cert.pem`,
  );
}

/**
 * Makes a key and has it certified.
 *
 * @throws {SignetError} `server_cert.unavailable` for an answer that cannot be served; `ca.cert_gen_error`, `kube.*`.
 */
export async function obtainFromSigner(
  { signers, signerName }: { readonly signers: Signers; readonly signerName: string },
  { names, ttlMs }: ServerCertConfig,
  { crypto, clock }: ObtainHost,
): Promise<Pick<ServingMaterial, "keyPem" | "certChainPem" | "notBeforeMs" | "notAfterMs">> {
  const { pkcs8, spki } = await crypto.generateKey({ type: "rsa", bits: 2048 });
  using key = await crypto.importPrivateKey(pkcs8);
  const commonName = names.find((name) => /^[a-z]/i.test(name) && name.includes("."));
  const info = buildCsrInfo({ spki, subjectCommonName: commonName, subjectAltNames: names });
  const csr = encodeCsr(info, key.scheme, await key.sign(info));
  const answer = await signers.ask({
    ...{ signerName, names, usages: USAGES },
    csrPem: encodePem("CERTIFICATE REQUEST", csr),
    expirationSeconds: Math.floor(ttlMs / 1000),
  });
  const [leaf, ...intermediates] = decodeAnswer(answer, signerName);
  checkAnswer(leaf!, { names, signerName }, spki);
  const roots = requireRoots(signers, signerName);
  try {
    const chain = await verifyChain({
      ...{ leaf: leaf!, intermediates, roots: roots.certificates, nowMs: clock.nowMs() },
      verifySignature: (publicKey, scheme, data, signature) =>
        crypto.verify(publicKey, scheme, data, signature),
    });
    const { notBeforeMs, notAfterMs } = leaf!;
    const certChainPem = toPem(chain.length === 1 ? chain : chain.slice(0, -1));
    return { keyPem: encodePrivateKeyPem(pkcs8), certChainPem, notBeforeMs, notAfterMs };
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError(
      "server_cert.unavailable",
      `Cannot use the certificate of signer ${signerName}: it does not chain to the roots of ${roots.where}: ${thrown.message}`,
      { cause: thrown },
    );
  }
}
