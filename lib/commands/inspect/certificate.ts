/** One certificate in words, and as a document. */
import { sha256 } from "../../crypto/mod.ts";
import { parseWorkloadIdentity, type WorkloadIdentity } from "../../spiffe/mod.ts";
import { type Certificate, describeName } from "../../x509/mod.ts";
import type { Field, Json } from "../output.ts";
import { attempt, type Finding, findingsOf, usesOf } from "./verdict.ts";
import {
  describeBytes,
  describeKey,
  describeScheme,
  describeSpan,
  describeTime,
  extensionName,
  keyUsageNames,
  purposeNames,
} from "./words.ts";

/** What is told of one block of a file. */
export interface Description {
  /** `certificate`, `CSR`, ... with what kind of one it is. */
  readonly title: string;
  /** For people. */
  readonly fields: readonly Field[];
  /** For programs; the number of the block is added. */
  readonly document: Readonly<Record<string, Json>>;
  /** What peers refuse, and what is worth a note. */
  readonly findings: readonly Finding[];
}

/** Who signed a certificate, as far as the file says. */
export type Signer =
  | { readonly kind: "itself" }
  | { readonly kind: "block"; readonly number: number }
  | { readonly kind: "forged"; readonly number: number }
  | { readonly kind: "elsewhere" };

/** What is known beside the certificate. */
export interface CertificateContext {
  /** Time, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Who signed it. */
  readonly signer: Signer;
}

/** Tells of a certificate. */
export function describeCertificate(
  certificate: Certificate,
  { nowMs, signer }: CertificateContext,
): Description {
  const role = roleOf(certificate, signer);
  const identity = identityOf(certificate);
  const forged: readonly Finding[] = signer.kind === "forged"
    ? [{
      severity: "refused",
      by: "every peer",
      reason: `block ${signer.number} has its issuer's name and did not sign it`,
    }]
    : [];
  const findings = [...forged, ...findingsOf(certificate, nowMs)];
  return {
    title: `certificate (${role})`,
    fields: [
      ...identityFields(certificate, identity),
      ["valid", validity(certificate, nowMs)],
      ["issued by", issuer(certificate, signer)],
      ["subject", describeName(certificate.subject) || "(empty)"],
      ["usable as", usableAs(certificate).join(", ") || "nothing"],
      ...technicalFields(certificate),
    ],
    document: {
      type: "certificate",
      role,
      ...documentOf(certificate, { nowMs, signer, identity }),
    },
    findings,
  };
}

function roleOf({ basicConstraints }: Certificate, { kind }: Signer): string {
  if (basicConstraints?.ca !== true) return "leaf";
  return kind === "itself" ? "root CA" : "CA";
}

function identityOf({ subjectAltNames }: Certificate): WorkloadIdentity | undefined {
  const uris = subjectAltNames.filter(({ type }) => type === "uri");
  return uris.length === 1 ? attempt(() => parseWorkloadIdentity(uris[0]!.value)) : undefined;
}

function identityFields(
  { subjectAltNames }: Certificate,
  identity: WorkloadIdentity | undefined,
): readonly Field[] {
  const uris = subjectAltNames.filter(({ type }) => type === "uri").map(({ value }) => value);
  const others = subjectAltNames.filter(({ type }) => type !== "uri");
  return [
    ["identity", ...uris],
    ...(identity === undefined ? [] : [
      ["trust domain", identity.trustDomain] as const,
      [
        "workload",
        `service account ${identity.serviceAccount} in namespace ${identity.namespace}`,
      ] as const,
    ]),
    ["other names", ...others.map(({ type, value }) => `${type} ${value}`)],
  ];
}

function validity({ notBeforeMs, notAfterMs }: Certificate, nowMs: number): string {
  const range = `from ${describeTime(notBeforeMs)} until ${describeTime(notAfterMs)}`;
  if (nowMs > notAfterMs) return `${range}: EXPIRED ${describeSpan(nowMs - notAfterMs)} ago`;
  if (nowMs < notBeforeMs) {
    return `${range}: NOT YET VALID, in ${describeSpan(notBeforeMs - nowMs)}`;
  }
  const life = Math.max(1, notAfterMs - notBeforeMs);
  const used = Math.floor(100 * (nowMs - notBeforeMs) / life);
  return `${range}: ${describeSpan(notAfterMs - nowMs)} left, ${used} % used`;
}

function issuer({ issuer }: Certificate, signer: Signer): string {
  const name = describeName(issuer) || "(empty)";
  switch (signer.kind) {
    case "itself":
      return `${name} (itself; the signature is good)`;
    case "block":
      return `${name} (block ${signer.number} of this file; the signature is good)`;
    case "forged":
      return `${name} (NOT by block ${signer.number}, which has that name)`;
    default:
      return `${name} (not in this file; signet cert verify checks the signature)`;
  }
}

function usableAs(certificate: Certificate): readonly string[] {
  return Object.entries(usesOf(certificate)).filter(([, may]) => may).map(([use]) => use);
}

function technicalFields(certificate: Certificate): readonly Field[] {
  const { publicKey, keyUsage, extKeyUsage, basicConstraints, extensions } = certificate;
  const shown = ["keyUsage", "extKeyUsage", "basicConstraints", "subjectAltName"];
  const identifiers = ["subjectKeyIdentifier", "authorityKeyIdentifier"];
  const others = extensions.map(({ oid, critical }) => ({ name: extensionName(oid), critical }))
    .filter(({ name }) => ![...shown, ...identifiers].includes(name));
  const critical = extensions.filter((extension) => extension.critical).map(({ oid }) =>
    extensionName(oid)
  );
  const one = (name: string, value: string | undefined): Field =>
    value === undefined ? [name] : [name, value];
  return [
    ["key", describeKey(publicKey.kind)],
    ["signed with", describeScheme(certificate.signatureScheme)],
    one("key usage", keyUsage === undefined ? undefined : keyUsageNames(keyUsage).join(", ")),
    one("purposes", extKeyUsage === undefined ? undefined : purposeNames(extKeyUsage).join(", ")),
    one("constraints", basicConstraints === undefined ? undefined : constraints(basicConstraints)),
    one("critical", critical.length === 0 ? undefined : critical.join(", ")),
    one("also has", others.length === 0 ? undefined : others.map(({ name }) => name).join(", ")),
    ["serial number", certificate.serialNumber.toHex()],
    one("key identifier", certificate.subjectKeyIdentifier?.toHex()),
    one("issuer's key", certificate.authorityKeyIdentifier?.toHex()),
    ["SHA-256", describeBytes(sha256(certificate.raw))],
  ];
}

function constraints({ ca, pathLen }: NonNullable<Certificate["basicConstraints"]>): string {
  if (!ca) return "no CA";
  return pathLen === undefined ? "CA" : `CA, at most ${pathLen} intermediates below it`;
}

function documentOf(
  certificate: Certificate,
  { nowMs, signer, identity }: CertificateContext & {
    readonly identity: WorkloadIdentity | undefined;
  },
): Readonly<Record<string, Json>> {
  const { notBeforeMs, notAfterMs, keyUsage, extKeyUsage, basicConstraints } = certificate;
  const names = (type: string) =>
    certificate.subjectAltNames.filter((name) => name.type === type).map(({ value }) => value);
  return {
    subject: describeName(certificate.subject),
    issuer: describeName(certificate.issuer),
    signedBy: signer.kind === "block" ? signer.number : signer.kind === "itself" ? "itself" : null,
    identity: identity === undefined ? null : names("uri")[0]!,
    trustDomain: identity?.trustDomain ?? null,
    namespace: identity?.namespace ?? null,
    serviceAccount: identity?.serviceAccount ?? null,
    uris: names("uri"),
    dnsNames: names("dns"),
    ipAddresses: names("ip"),
    emailAddresses: names("email"),
    notBefore: describeTime(notBeforeMs),
    notAfter: describeTime(notAfterMs),
    secondsLeft: Math.floor((notAfterMs - nowMs) / 1000),
    status: nowMs > notAfterMs ? "expired" : nowMs < notBeforeMs ? "notYetValid" : "valid",
    usableAs: usableAs(certificate),
    publicKey: describeKey(certificate.publicKey.kind),
    signatureAlgorithm: describeScheme(certificate.signatureScheme),
    keyUsage: keyUsage === undefined ? null : keyUsageNames(keyUsage),
    extKeyUsage: extKeyUsage === undefined ? null : purposeNames(extKeyUsage),
    isCa: basicConstraints?.ca === true,
    pathLen: basicConstraints?.pathLen ?? null,
    extensions: certificate.extensions.map(({ oid, critical }) => ({
      oid,
      name: extensionName(oid),
      critical,
    })),
    serialNumber: certificate.serialNumber.toHex(),
    subjectKeyIdentifier: certificate.subjectKeyIdentifier?.toHex() ?? null,
    authorityKeyIdentifier: certificate.authorityKeyIdentifier?.toHex() ?? null,
    sha256: sha256(certificate.raw).toHex(),
  };
}
