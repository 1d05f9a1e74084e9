/** One look at where the serving certificate would come from; it is got, and served to nobody. */
import type { ServerCertConfig } from "./port.ts";
import { type CertIssuers, chooseSource, obtain, type ObtainHost, readRoots } from "./source.ts";

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
 * Gets a certificate as {@linkcode loadServerCert} does at its start, and writes nothing.
 *
 * @throws {SignetError} as {@linkcode loadServerCert}.
 */
export async function checkServerCert(
  config: ServerCertConfig,
  host: CertIssuers & ObtainHost,
): Promise<ServerCertReport> {
  const source = await chooseSource(config, host);
  await readRoots(source);
  // Asking a signer would leave something in the cluster.
  const serving = source.kind === "signer" ? undefined : await obtain(source, config, host);
  return {
    kind: source.kind,
    described: source.described,
    notAfterMs: serving?.notAfterMs,
    writeDirectory: source.kind === "istiod" || source.kind === "signer"
      ? config.writeDirectory
      : undefined,
  };
}
