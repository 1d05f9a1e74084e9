/** Looks at where the serving certificate would come from, for commands: the CA's key signs nothing, no signer is asked, and nothing is written. */
import { leafValidity, lintIdentities } from "../ca/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { mergeRoots } from "./material.ts";
import type { ServerCertConfig } from "./port.ts";
import {
  type CertIssuers,
  type CertSource,
  chooseSource,
  obtain,
  type ObtainHost,
  readRoots,
} from "./source.ts";

/** What a server would serve. */
export interface ServerCertReport {
  /** Where it comes from. */
  readonly kind: "files" | "istiod" | "signer" | "none";
  /** The same for people. */
  readonly described: string;
  /** When it ends; undefined when there is none, and of a signer, which is not asked. */
  readonly notAfterMs: number | undefined;
  /** The folder that it would be written into; undefined when it would not. */
  readonly writeDirectory: string | undefined;
}

/**
 * Reads the operator's files, or asks all that is asked before a certificate is issued.
 *
 * @throws {SignetError} as a start would: `server_cert.bad_files`, `ca.cert_gen_error`.
 */
export async function checkServerCert(
  config: ServerCertConfig,
  host: CertIssuers & ObtainHost,
): Promise<ServerCertReport> {
  const source = await chooseSource(config, host);
  await readRoots(source);
  return {
    kind: source.kind,
    described: source.described,
    notAfterMs: await endOf(source, config, host),
    writeDirectory: source.kind === "istiod" || source.kind === "signer"
      ? config.writeDirectory
      : undefined,
  };
}

/** When the certificate in files ends, or one that the CA would issue now. */
async function endOf(
  source: CertSource,
  config: ServerCertConfig,
  host: ObtainHost,
): Promise<number | undefined> {
  // Asking a signer would leave something in the cluster.
  if (source.kind === "signer") return undefined;
  if (source.kind !== "istiod") return (await obtain(source, config, host))?.notAfterMs;
  const { names, ttlMs } = config;
  lintIdentities(names);
  const { notAfterMs } = source.ca.bundle.caCertificate;
  return leafValidity(host.clock.nowMs(), ttlMs, notAfterMs).notAfterMs;
}

/**
 * The roots that client certificates would have to chain to; a signer of the cluster is not asked for them.
 *
 * @throws {SignetError} `server_cert.bad_files`.
 */
export async function checkClientRoots(
  config: ServerCertConfig,
  issuers: CertIssuers,
): Promise<readonly Certificate[]> {
  const source = await chooseSource({ ...config, signerName: undefined }, issuers);
  const { ca, signers } = issuers;
  return mergeRoots(signers?.roots ?? [], ca?.bundle.roots ?? [], await readRoots(source));
}
