/**
 * Where the serving certificate comes from, first match wins, as in istiod: files that flags name; istiod's well-known files when all of
 * them are there; the CA, when there is one and the provider is `istiod`; a signer of the cluster that the provider names; nowhere.
 */
import { type Clock, SignetError } from "../base/mod.ts";
import type { Ca, Signers } from "../ca/mod.ts";
import { type CryptoProvider, parsePrivateKeyPem } from "../crypto/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { areFiles, type NamedFile, readPemFile, writeServingFiles } from "./file.ts";
import { decodeCertificates } from "./material.ts";
import { obtainFromSigner, requireRoots } from "./signer.ts";
import type { ServerCertConfig, ServingMaterial } from "./port.ts";

/** Where istiod looks by itself, relative to the working directory. */
const WELL_KNOWN = {
  cert: "./var/run/secrets/istiod/tls/tls.crt",
  key: "./var/run/secrets/istiod/tls/tls.key",
  roots: ["./var/run/secrets/istiod/ca/root-cert.pem", "./var/run/secrets/istiod/tls/ca.crt"],
} as const;
const WELL_KNOWN_LABEL = "a well-known file";

/** The source that was chosen, and the files of roots beside the CA's. */
export type CertSource =
  & { readonly rootFiles: readonly NamedFile[]; readonly described: string }
  & (
    | { readonly kind: "files"; readonly cert: NamedFile; readonly key: NamedFile }
    | { readonly kind: "istiod"; readonly ca: Ca }
    | { readonly kind: "signer"; readonly signers: Signers; readonly signerName: string }
    | { readonly kind: "none" }
  );

/** A certificate that can be served. */
export type Serving = Pick<
  ServingMaterial,
  "keyPem" | "certChainPem" | "notBeforeMs" | "notAfterMs"
>;

/** Who may issue the certificate. */
export interface CertIssuers {
  /** The built-in CA. */
  readonly ca: Ca | undefined;
  /** Signers of the cluster. */
  readonly signers: Signers | undefined;
}

/**
 * Chooses the source; nothing is read but whether the well-known files are there.
 *
 * @throws {SignetError} `server_cert.bad_provider` for a signer whose roots are not known.
 */
export async function chooseSource(
  config: ServerCertConfig,
  { ca, signers }: CertIssuers,
): Promise<CertSource> {
  const { files, caCertFile, provider, signerName } = config;
  const rootFiles = caCertFile === undefined ? [] : [{ path: caCertFile, label: "--caCertFile" }];
  if (files !== undefined) {
    return {
      kind: "files",
      cert: { path: files.certFile, label: "--tlsCertFile" },
      key: { path: files.keyFile, label: "--tlsKeyFile" },
      rootFiles,
      described: "from --tlsCertFile",
    };
  }
  const wellKnownRoots = await findWellKnown();
  if (wellKnownRoots !== undefined) {
    return {
      kind: "files",
      cert: { path: WELL_KNOWN.cert, label: WELL_KNOWN_LABEL },
      key: { path: WELL_KNOWN.key, label: WELL_KNOWN_LABEL },
      rootFiles: [...rootFiles, { path: wellKnownRoots, label: WELL_KNOWN_LABEL }],
      described: `from ${WELL_KNOWN.cert}`,
    };
  }
  if (ca !== undefined && provider === "istiod") {
    return { kind: "istiod", ca, rootFiles, described: "issued by this CA" };
  }
  if (signerName !== undefined && signers !== undefined) {
    requireRoots(signers, signerName);
    const described = `issued by the cluster's signer ${signerName}`;
    return { kind: "signer", signers, signerName, rootFiles, described };
  }
  const described = ca === undefined
    ? "none (ENABLE_CA_SERVER=false): secure gRPC stays closed, DNS over TLS has none to show"
    : `none (PILOT_CERT_PROVIDER=${provider}): every handshake fails`;
  return { kind: "none", rootFiles, described };
}

async function findWellKnown(): Promise<string | undefined> {
  for (const roots of WELL_KNOWN.roots) {
    if (await areFiles([WELL_KNOWN.cert, WELL_KNOWN.key, roots])) return roots;
  }
  return undefined;
}

/** Every file of a source, for those who watch them. */
export function filesOf(source: CertSource): readonly string[] {
  const own = source.kind === "files" ? [source.cert, source.key] : [];
  return [...own, ...source.rootFiles].map(({ path }) => path);
}

/** What getting a certificate needs of the world. */
export interface ObtainHost {
  /** Key operations. */
  readonly crypto: CryptoProvider;
  /** Time. */
  readonly clock: Clock;
}

/**
 * Gets a certificate from the source; `undefined` from the source that has none.
 *
 * @throws {SignetError} `server_cert.bad_files`, `server_cert.unavailable`, `ca.*`, `kube.*`.
 */
export async function obtain(
  source: CertSource,
  config: ServerCertConfig,
  { crypto, clock }: ObtainHost,
): Promise<Serving | undefined> {
  switch (source.kind) {
    case "files":
      return await readOwn(source.cert, source.key, crypto);
    case "istiod":
      return await issueOwn(source.ca, config);
    case "signer":
      return await obtainFromSigner(source, config, { crypto, clock });
    case "none":
      return undefined;
  }
}

async function issueOwn(ca: Ca, config: ServerCertConfig): Promise<Serving> {
  return await ca.genKeyCert({
    hosts: config.names,
    ttlMs: config.ttlMs,
    checkLifetime: false,
    caller: "signet",
  });
}

/** Writes an issued certificate where the configuration wants it. @throws {SignetError} `server_cert.bad_files`. */
export async function writeIssued(
  { kind }: CertSource,
  { writeDirectory }: ServerCertConfig,
  serving: Serving | undefined,
): Promise<void> {
  const isIssued = kind === "istiod" || kind === "signer";
  if (!isIssued || serving === undefined || writeDirectory === undefined) return;
  await writeServingFiles(writeDirectory, serving);
}

async function readOwn(
  cert: NamedFile,
  keyFile: NamedFile,
  crypto: CryptoProvider,
): Promise<Serving> {
  const certChainPem = await readPemFile(cert);
  const keyPem = await readPemFile(keyFile);
  const leaf = decodeCertificates(certChainPem, `${cert.path} (${cert.label})`)[0]!;
  using key = await crypto.importPrivateKey(parsePrivateKeyPem(keyPem));
  if (leaf.publicKey.spki.toHex() !== key.spki.toHex()) {
    throw new SignetError(
      "server_cert.bad_files",
      `Cannot use ${cert.path} (${cert.label}) with ${keyFile.path} (${keyFile.label}): the key does not belong to the first certificate`,
    );
  }
  return { keyPem, certChainPem, notBeforeMs: leaf.notBeforeMs, notAfterMs: leaf.notAfterMs };
}

/** Reads the roots beside the CA's. @throws {SignetError} `server_cert.bad_files`. */
export async function readRoots({ rootFiles }: CertSource): Promise<readonly Certificate[]> {
  const lists = await Promise.all(
    rootFiles.map(async (file) =>
      decodeCertificates(await readPemFile(file), `${file.path} (${file.label})`)
    ),
  );
  return lists.flat();
}
