/** Sets of CA files as operators plug them in, made by the openssl command: roots, intermediates, revocation lists, both layouts. */
import { mustRun, openSslTime } from "./openssl_ca.ts";

const DAY_MS = 86_400_000;

/** Kind of an authority's key, and the PEM form of its file. */
export type AuthorityKey =
  | "P-256"
  | "P-256 SEC1"
  | "P-384"
  | "P-521"
  | "RSA-2048"
  | "RSA-2048 PKCS#1"
  | "RSA-3072"
  | "Ed25519";

/** What an authority is to be. */
export interface AuthorityRequest {
  /** Its parent; none makes a root. */
  readonly issuer?: Authority;
  /** Default: P-256 in PKCS#8. */
  readonly key?: AuthorityKey;
  /** Start of validity, in milliseconds from now. Default: a day ago. */
  readonly notBeforeMs?: number;
  /** End of validity, in milliseconds from now. Default: in 30 days. */
  readonly notAfterMs?: number;
  /** False makes a certificate that is no CA. */
  readonly isCa?: boolean;
  /** keyUsage. Default: keyCertSign and cRLSign. */
  readonly keyUsage?: string;
  /** extendedKeyUsage. Default: none. */
  readonly extendedKeyUsage?: string;
}

/** A certificate authority of openssl's. */
export interface Authority {
  /** Its `O`. */
  readonly name: string;
  /** Certificate as PEM. */
  readonly certPem: string;
  /** Key as PEM. */
  readonly keyPem: string;
  /** Folder with its files. */
  readonly dir: string;
  /** A revocation list of it, as PEM. */
  crl(): Promise<string>;
}

/** Makes authorities in folders of `dir`. */
export function authorityMaker(
  openssl: string,
  dir: string,
): (name: string, request?: AuthorityRequest) => Promise<Authority> {
  let made = 0;
  return (name, request = {}) =>
    makeAuthority(openssl, `${dir}/authority${++made}`, { name, ...request });
}

async function makeAuthority(
  openssl: string,
  dir: string,
  request: AuthorityRequest & { readonly name: string },
): Promise<Authority> {
  await Deno.mkdir(dir, { recursive: true });
  const { name, issuer } = request;
  const key = `${dir}/key.pem`;
  const cert = `${dir}/cert.pem`;
  await makeKey(openssl, key, request.key ?? "P-256");
  const signer = issuer?.dir ?? dir;
  await Deno.writeTextFile(`${dir}/index.txt`, "");
  await Deno.writeTextFile(`${dir}/index.txt.attr`, "unique_subject = no\n");
  await Deno.writeTextFile(`${dir}/openssl.cnf`, configOf(signer, request));
  await mustRun(openssl, [
    ...["req", "-new", "-key", key, "-out", `${dir}/csr.pem`, "-subj", `/O=${name}`],
  ]);
  await mustRun(openssl, [
    ...["ca", "-batch", "-notext", "-rand_serial", "-config", `${dir}/openssl.cnf`],
    ...(issuer === undefined ? ["-selfsign", "-keyfile", key] : []),
    ...["-in", `${dir}/csr.pem`, "-out", cert, "-extensions", "authority"],
    ...["-startdate", openSslTime(request.notBeforeMs ?? -DAY_MS)],
    ...["-enddate", openSslTime(request.notAfterMs ?? 30 * DAY_MS)],
  ]);
  return {
    name,
    dir,
    certPem: await Deno.readTextFile(cert),
    keyPem: await Deno.readTextFile(key),
    crl: () => makeCrl(openssl, dir),
  };
}

async function makeKey(openssl: string, path: string, kind: AuthorityKey): Promise<void> {
  const [name = "", form] = kind.split(" ");
  const options = name.startsWith("RSA-")
    ? ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${name.slice(4)}`]
    : name === "Ed25519"
    ? ["-algorithm", "ED25519"]
    : ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${name}`];
  await mustRun(openssl, ["genpkey", ...options, "-out", path]);
  if (form === "PKCS#1") {
    await mustRun(openssl, ["rsa", "-traditional", "-in", path, "-out", path]);
  } else if (form === "SEC1") {
    await mustRun(openssl, ["ec", "-in", path, "-out", path]);
  }
}

function configOf(signer: string, request: AuthorityRequest): string {
  const { extendedKeyUsage, keyUsage = "keyCertSign,cRLSign" } = request;
  return [
    "[ca]",
    "default_ca = this",
    "[this]",
    `database = ${signer}/index.txt`,
    `new_certs_dir = ${signer}`,
    `serial = ${signer}/serial`,
    `certificate = ${signer}/cert.pem`,
    `private_key = ${signer}/key.pem`,
    "default_md = default",
    "default_crl_days = 7",
    "policy = any",
    "[any]",
    "organizationName = supplied",
    "[authority]",
    `basicConstraints = critical,CA:${request.isCa === false ? "FALSE" : "TRUE"}`,
    `keyUsage = critical,${keyUsage}`,
    "subjectKeyIdentifier = hash",
    ...(request.issuer === undefined ? [] : ["authorityKeyIdentifier = keyid"]),
    ...(extendedKeyUsage === undefined ? [] : [`extendedKeyUsage = ${extendedKeyUsage}`]),
    "",
  ].join("\n");
}

async function makeCrl(openssl: string, dir: string): Promise<string> {
  const own = `${dir}/crl.cnf`;
  await Deno.writeTextFile(own, configOf(dir, {}));
  await mustRun(openssl, ["ca", "-gencrl", "-config", own, "-out", `${dir}/crl.pem`]);
  return await Deno.readTextFile(`${dir}/crl.pem`);
}

/** What a plugged-in directory holds. */
export interface CaSetFiles {
  /** The authority that signs. */
  readonly ca: Authority;
  /** Authorities of the root file. */
  readonly roots: readonly Authority[];
  /** Authorities of the chain file. Default: the one that signs. */
  readonly chain?: readonly Authority[];
  /** Text of `ca-crl.pem`. */
  readonly crl?: string;
}

/** The files of istiod's own layout. */
export function istioFiles(set: CaSetFiles): Readonly<Record<string, string>> {
  return {
    "ca-cert.pem": set.ca.certPem,
    "ca-key.pem": set.ca.keyPem,
    "root-cert.pem": joined(set.roots),
    "cert-chain.pem": joined(set.chain ?? [set.ca]),
    ...(set.crl === undefined ? {} : { "ca-crl.pem": set.crl }),
  };
}

/** The files of a TLS Secret. */
export function tlsFiles(set: CaSetFiles): Readonly<Record<string, string>> {
  return { "tls.crt": set.ca.certPem, "tls.key": set.ca.keyPem, "ca.crt": joined(set.roots) };
}

function joined(authorities: readonly Authority[]): string {
  return authorities.map(({ certPem }) => certPem).join("");
}

/** Writes files into a folder, which is made when it is missing. */
export async function writeFiles(
  dir: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
}

/** Writes files as the kubelet does: into a folder of their own, to which one renamed link leads. */
export async function swapFiles(
  dir: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const fresh = `..${crypto.randomUUID()}`;
  await writeFiles(`${dir}/${fresh}`, files);
  await Deno.symlink(fresh, `${dir}/..data_tmp`);
  await Deno.rename(`${dir}/..data_tmp`, `${dir}/..data`);
  for (const name of Object.keys(files)) {
    await Deno.symlink(`..data/${name}`, `${dir}/${name}`).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
    });
  }
}
