/** One look at where the serving certificate would come from; it is got, and served to nobody. */
import type { Ca } from "../ca/mod.ts";
import type { CryptoProvider } from "../crypto/mod.ts";
import type { ServerCertConfig } from "./port.ts";
import { chooseSource, obtain, readRoots } from "./source.ts";

/** What a server would serve. */
export interface ServerCertReport {
  /** Where it comes from. */
  readonly kind: "files" | "istiod" | "none";
  /** The same for people. */
  readonly described: string;
  /** When it ends; undefined when there is none. */
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
  { ca, crypto }: { readonly ca: Ca | undefined; readonly crypto: CryptoProvider },
): Promise<ServerCertReport> {
  const source = await chooseSource(config, ca);
  await readRoots(source);
  const serving = await obtain(source, config, crypto);
  return {
    kind: source.kind,
    described: source.described,
    notAfterMs: serving?.notAfterMs,
    writeDirectory: source.kind === "istiod" ? config.writeDirectory : undefined,
  };
}
