/** From PEM texts to what is served: every certificate decoded, the key matched, the roots listed. */
import { messageOf, SignetError } from "../base/mod.ts";
import { type Certificate, decodeCertificate, decodePem, encodePem } from "../x509/mod.ts";

/** Decodes every certificate of a PEM text. @throws {SignetError} `server_cert.bad_files`, naming `where`. */
export function decodeCertificates(pem: string, where: string): readonly Certificate[] {
  let certificates: readonly Certificate[];
  try {
    certificates = decodePem(pem, { label: "CERTIFICATE" }).map((block) =>
      decodeCertificate(block.der)
    );
  } catch (thrown) {
    throw new SignetError("server_cert.bad_files", `Cannot use ${where}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  if (certificates.length === 0) {
    throw new SignetError(
      "server_cert.bad_files",
      `Cannot use ${where}: it holds no CERTIFICATE block, should hold at least one`,
    );
  }
  return certificates;
}

/** Joins lists of roots without repeats, the first list first. */
export function mergeRoots(...lists: readonly (readonly Certificate[])[]): readonly Certificate[] {
  const seen = new Map<string, Certificate>();
  for (const certificate of lists.flat()) {
    const key = certificate.raw.toHex();
    if (!seen.has(key)) seen.set(key, certificate);
  }
  return [...seen.values()];
}

/** Certificates as one PEM text. */
export function toPem(certificates: readonly Certificate[]): string {
  return certificates.map((certificate) => encodePem("CERTIFICATE", certificate.raw)).join("");
}
