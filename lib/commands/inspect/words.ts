/** Keys, signatures, usages and times in words. */
import {
  decodeExtKeyUsage,
  EXT_KEY_USAGE,
  EXTENSION_OID,
  KEY_USAGE,
  type KeyKind,
  type SignatureScheme,
} from "../../x509/mod.ts";

/** `ECDSA P-256`, `RSA 2048`, `Ed25519`. */
export function describeKey(kind: KeyKind): string {
  switch (kind.type) {
    case "rsa":
      return kind.bits === 0 ? "RSA" : `RSA ${kind.bits}`;
    case "ec":
      return `ECDSA ${kind.curve}`;
    default:
      return "Ed25519";
  }
}

/** `ECDSA with SHA-256`; says so when signet does not know the algorithm. */
export function describeScheme(scheme: SignatureScheme | undefined): string {
  if (scheme === undefined) return "an algorithm that signet does not accept";
  if (scheme.type === "ed25519") return "Ed25519";
  return `${scheme.type === "rsa" ? "RSA" : "ECDSA"} with ${scheme.digest}`;
}

/** Names of the bits that are set. */
export function keyUsageNames(bits: number): readonly string[] {
  return Object.entries(KEY_USAGE).filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);
}

const PURPOSES: Readonly<Record<string, string>> = {
  [EXT_KEY_USAGE.any]: "anyExtendedKeyUsage",
  [EXT_KEY_USAGE.serverAuth]: "serverAuth",
  [EXT_KEY_USAGE.clientAuth]: "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "OCSPSigning",
};

/** Names of purposes; an unknown one is its object identifier. */
export function purposeNames(purposes: readonly string[]): readonly string[] {
  return purposes.map((oid) => PURPOSES[oid] ?? oid);
}

/** The same from an extension's value. */
export function purposeNamesOf(value: Uint8Array): readonly string[] {
  return purposeNames(decodeExtKeyUsage(value));
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(EXTENSION_OID).map(([name, oid]) => [oid, name])),
  "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
  "2.5.29.31": "cRLDistributionPoints",
  "1.3.6.1.4.1.11129.2.4.2": "signedCertificateTimestamps",
};

/** Name of an extension; an unknown one is its object identifier. */
export function extensionName(oid: string): string {
  return EXTENSIONS[oid] ?? oid;
}

const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]] as const;

/** A span in its two largest units: `23 h 12 min`, `9 d`, `0 s`. */
export function describeSpan(ms: number): string {
  let rest = Math.floor(Math.abs(ms) / 1000) * 1000;
  const first = UNITS.findIndex(([, unit]) => rest >= unit);
  if (first < 0) return "0 s";
  const parts: string[] = [];
  for (const [name, unit] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(" ");
}

/** ISO 8601 in whole seconds: `2026-11-25T12:00:00Z`. */
export function describeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -5)}Z`;
}

/** `AB:CD:...`, as openssl prints digests. */
export function describeBytes(bytes: Uint8Array): string {
  return bytes.toHex().toUpperCase().replaceAll(/(..)(?!$)/g, "$1:");
}
