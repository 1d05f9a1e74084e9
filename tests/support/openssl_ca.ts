/** Certificates that signet itself would never issue, made by the openssl command with a CA's own key. */
import assert from "node:assert/strict";

import type { IdentityFiles } from "./caclient.ts";
import { run } from "./process.ts";

/** What a certificate of {@linkcode OpensslCa} says. The defaults make a good workload certificate. */
export interface CertificateRequest {
  /** SAN entries as openssl writes them: `URI:spiffe://...`, `DNS:...`. */
  readonly sans?: readonly string[];
  /** Extended key usages; empty leaves the extension out. */
  readonly extendedKeyUsage?: readonly string[];
  /** Start of validity, in milliseconds from now. Default: an hour ago. */
  readonly notBeforeMs?: number;
  /** End of validity, in milliseconds from now. Default: in an hour. */
  readonly notAfterMs?: number;
  /** True makes it a CA certificate. */
  readonly isCa?: boolean;
  /** Kind of key. Default: P-256. */
  readonly key?: "P-256" | "RSA-2048";
}

/** A folder in which openssl plays CA. */
export interface OpensslCa {
  /** Issues a certificate; `name` names its files. */
  issue(name: string, request?: CertificateRequest): Promise<IdentityFiles>;
}

/** Where a CA's certificate and key are, and what else its issued chains and verifiers need. */
export interface CaFiles {
  /** Certificate, PEM. */
  readonly cert: string;
  /** Private key, PEM. */
  readonly key: string;
  /** Roots that a client checks the server with, PEM. */
  readonly roots: string;
  /** Appended to each issued chain: the issuer's own certificate when it is no root. */
  readonly chain?: string;
}

const GOOD_SAN = "URI:spiffe://cluster.local/ns/default/sa/demo";
const HOUR_MS = 3_600_000;

/** Prepares `dir` for `openssl ca` with the given CA. */
export async function opensslCa(openssl: string, dir: string, ca: CaFiles): Promise<OpensslCa> {
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(`${dir}/index.txt`, "");
  await Deno.writeTextFile(`${dir}/index.txt.attr`, "unique_subject = no\n");
  return { issue: (name, request = {}) => issue(openssl, dir, ca, name, request) };
}

/** Runs openssl and fails the test with its complaint when it fails. */
export async function mustRun(
  openssl: string,
  args: readonly string[],
  cwd?: string,
): Promise<string> {
  const ran = await run(openssl, args, cwd === undefined ? {} : { cwd });
  assert.equal(ran.code, 0, `openssl ${args[0]}: ${ran.stderr}`);
  return ran.stdout;
}

async function issue(
  openssl: string,
  dir: string,
  ca: CaFiles,
  name: string,
  request: CertificateRequest,
): Promise<IdentityFiles> {
  const base = `${dir}/${name}`;
  await Deno.writeTextFile(`${base}.cnf`, caConfig(dir, ca, request));
  const key = `${base}-key.pem`;
  const newKey = request.key === "RSA-2048"
    ? ["-newkey", "rsa:2048"]
    : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const subject = ["-subj", `/O=${name}`];
  await mustRun(openssl, [
    "req",
    "-new",
    ...newKey,
    "-nodes",
    "-keyout",
    key,
    "-out",
    `${base}.csr`,
    ...subject,
  ]);
  const from = openSslTime(request.notBeforeMs ?? -HOUR_MS);
  const to = openSslTime(request.notAfterMs ?? HOUR_MS);
  const cert = `${base}-cert.pem`;
  await mustRun(openssl, [
    ...["ca", "-batch", "-notext", "-rand_serial", "-config", `${base}.cnf`, "-in", `${base}.csr`],
    ...["-out", cert, "-startdate", from, "-enddate", to, "-extensions", "leaf"],
  ]);
  if (ca.chain !== undefined) {
    const issuer = await Deno.readTextFile(ca.chain);
    await Deno.writeTextFile(cert, await Deno.readTextFile(cert) + issuer);
  }
  return { cert, key, roots: ca.roots };
}

function caConfig(dir: string, ca: CaFiles, request: CertificateRequest): string {
  const sans = request.sans ?? [GOOD_SAN];
  const usages = request.extendedKeyUsage ?? ["serverAuth", "clientAuth"];
  const lines = [
    "[ca]",
    "default_ca = this",
    "[this]",
    `database = ${dir}/index.txt`,
    `new_certs_dir = ${dir}`,
    `serial = ${dir}/serial`,
    `certificate = ${ca.cert}`,
    `private_key = ${ca.key}`,
    "default_md = sha256",
    "policy = any",
    "[any]",
    "organizationName = optional",
    "[leaf]",
    request.isCa === true
      ? "basicConstraints = critical,CA:TRUE"
      : "basicConstraints = critical,CA:FALSE",
    request.isCa === true
      ? "keyUsage = critical,keyCertSign"
      : "keyUsage = critical,digitalSignature",
    "authorityKeyIdentifier = keyid",
    "subjectKeyIdentifier = hash",
  ];
  if (usages.length > 0) lines.push(`extendedKeyUsage = ${usages.join(",")}`);
  if (sans.length > 0) {
    lines.push("subjectAltName = critical,@names", "[names]");
    lines.push(...sans.map((san, i) => san.replace(":", `.${i + 1} = `)));
  }
  return `${lines.join("\n")}\n`;
}

/** `YYYYMMDDHHMMSSZ`, the form of openssl's options. */
export function openSslTime(fromNowMs: number): string {
  return `${new Date(Date.now() + fromNowMs).toISOString().slice(0, 19).replaceAll(/[-T:]/g, "")}Z`;
}

/**
 * A self-signed P-256 CA with the subject, and on demand the subject key identifier, of another.
 *
 * @param subject in openssl's form: `/O=cluster.local`.
 */
export async function selfSignedCa(
  openssl: string,
  dir: string,
  subject: string,
  options: { readonly subjectKeyId?: string; readonly days?: number } = {},
): Promise<{ readonly cert: string; readonly key: string }> {
  await Deno.mkdir(dir, { recursive: true });
  const cert = `${dir}/ca-cert.pem`;
  const key = `${dir}/ca-key.pem`;
  await mustRun(openssl, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-keyout", key, "-out", cert, "-subj", subject, "-days", String(options.days ?? 2)],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ...["-addext", `subjectKeyIdentifier=${options.subjectKeyId ?? "hash"}`],
  ]);
  return { cert, key };
}
