/**
 * Signers of a cluster that are not Kubernetes' own, `signers.example.com/...`: they look at approved CertificateSigningRequests through the API
 * as any controller does, and answer by openssl, well or badly.
 */
import type { KubeDocument, TestCluster } from "./kubernetes.ts";
import { mustRun, selfSignedCa } from "./openssl_ca.ts";

/** Domain of the signers. */
export const SIGNER_DOMAIN = "signers.example.com";
const LIST = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const LOOK_MS = 50;

/** Running signers; disposing ends them. */
export interface CsrSigners extends AsyncDisposable {
  /** Root of all of them, PEM. */
  readonly rootPem: string;
  /** Requests that were answered, by the signer's name without the domain. */
  readonly answered: ReadonlyMap<string, number>;
}

/**
 * Starts them:
 * - `good` sends the leaf and the intermediate that signed it,
 * - `whole` the leaf and its root,
 * - `other-key` and `other-name` certificates for something else,
 * - `failing` says that it failed,
 * - any other never answers.
 */
export async function startCsrSigners(cluster: TestCluster, openssl: string): Promise<CsrSigners> {
  const dir = `${cluster.dir}/signers`;
  await Deno.mkdir(dir, { recursive: true });
  const root = await selfSignedCa(openssl, `${dir}/root`, "/O=signers root");
  const rootPem = await Deno.readTextFile(root.cert);
  const intermediate = await makeIntermediate(openssl, dir, root);
  const answered = new Map<string, number>();
  const ending = new AbortController();
  const answer = async (request: KubeDocument) => {
    const name = request.spec.signerName.slice(SIGNER_DOMAIN.length + 1) as string;
    const signed = await sign({ openssl, dir, root, intermediate, rootPem }, name, request);
    if (signed === undefined) return;
    const body = { ...request, status: { ...request.status, ...signed } };
    if (signed["conditions"] !== undefined) {
      body.status.conditions = [...request.status.conditions, ...signed["conditions"] as object[]];
    }
    await cluster.api("PUT", `${LIST}/${request.metadata.name}/status`, body);
    answered.set(name, (answered.get(name) ?? 0) + 1);
  };
  const running = (async () => {
    while (!ending.signal.aborted) {
      const { items } = await cluster.api("GET", LIST);
      for (const request of items) if (isOpen(request)) await answer(request);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return {
    rootPem,
    answered,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

function isOpen({ spec, status }: KubeDocument): boolean {
  const types = ((status.conditions ?? []) as { type: string }[]).map(({ type }) => type);
  return spec.signerName.startsWith(`${SIGNER_DOMAIN}/`) && status.certificate === undefined &&
    types.includes("Approved") && !types.includes("Failed");
}

interface Ca {
  readonly cert: string;
  readonly key: string;
}

interface Signing {
  readonly openssl: string;
  readonly dir: string;
  readonly root: Ca;
  readonly intermediate: Ca;
  readonly rootPem: string;
}

async function makeIntermediate(openssl: string, dir: string, root: Ca): Promise<Ca> {
  const [cert, key, csr] = [`${dir}/mid.pem`, `${dir}/mid-key.pem`, `${dir}/mid.csr`];
  const extensions = `${dir}/mid.ext`;
  await Deno.writeTextFile(extensions, "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n");
  await mustRun(openssl, [
    ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-keyout", key, "-out", csr, "-subj", "/O=signers intermediate"],
  ]);
  await mustRun(openssl, [
    ...["x509", "-req", "-in", csr, "-CA", root.cert, "-CAkey", root.key, "-days", "1"],
    ...["-extfile", extensions, "-out", cert],
  ]);
  return { cert, key };
}

async function sign(
  { openssl, dir, root, intermediate, rootPem }: Signing,
  name: string,
  { metadata, spec }: KubeDocument,
): Promise<Record<string, unknown> | undefined> {
  if (name === "failing") {
    return { conditions: [{ type: "Failed", status: "True", reason: "Out", message: "no ink" }] };
  }
  const [csr, cert] = [`${dir}/${metadata.name}.csr`, `${dir}/${metadata.name}.pem`];
  await Deno.writeTextFile(csr, atob(spec.request));
  const by = async (ca: Ca, ...more: readonly string[]) => {
    await mustRun(openssl, [
      ...["x509", "-req", "-in", csr, "-CA", ca.cert, "-CAkey", ca.key, "-days", "1"],
      ...["-copy_extensions", "copy", "-out", cert, ...more],
    ]);
    return await Deno.readTextFile(cert);
  };
  switch (name) {
    case "good":
      return {
        certificate: btoa(await by(intermediate) + await Deno.readTextFile(intermediate.cert)),
      };
    case "whole":
      return { certificate: btoa(await by(root) + rootPem) };
    case "other-key": {
      const key = `${dir}/other-key.pem`;
      await mustRun(openssl, [
        ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-keyout", key, "-out", csr, "-subj", "/O=other"],
        ...["-addext", "subjectAltName=URI:spiffe://cluster.local/ns/shop/sa/vm"],
      ]);
      return { certificate: btoa(await by(root)) };
    }
    case "other-name": {
      const extensions = `${dir}/other-name.ext`;
      await Deno.writeTextFile(
        extensions,
        "subjectAltName=URI:spiffe://cluster.local/ns/shop/sa/admin\n",
      );
      await mustRun(openssl, [
        ...["x509", "-req", "-in", csr, "-CA", root.cert, "-CAkey", root.key, "-days", "1"],
        ...["-extfile", extensions, "-out", cert],
      ]);
      return { certificate: btoa(await Deno.readTextFile(cert)) };
    }
    default:
      return undefined;
  }
}
