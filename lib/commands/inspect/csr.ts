/** A CSR in words: what is asked for, and that a CA of Istio grants none of it but the key. */
import { type CryptoProvider, sha256 } from "../../crypto/mod.ts";
import {
  decodeCsr,
  decodeRequestedExtensions,
  decodeSubjectAltNames,
  describeName,
  EXTENSION_OID,
} from "../../x509/mod.ts";
import type { Description } from "./certificate.ts";
import type { Finding } from "./verdict.ts";
import { describeBytes, describeKey, describeScheme, extensionName } from "./words.ts";

/**
 * Tells of a CSR.
 *
 * @throws {SignetError} as the decoders do.
 */
export async function describeCsr(der: Uint8Array, crypto: CryptoProvider): Promise<Description> {
  const csr = decodeCsr(der);
  const requested = decodeRequestedExtensions(csr);
  const names = requested.filter(({ oid }) => oid === EXTENSION_OID.subjectAltName).flatMap((
    { value },
  ) => decodeSubjectAltNames(value));
  const good = await crypto.verify(
    csr.publicKey,
    csr.signatureScheme,
    csr.certificationRequestInfo,
    csr.signature,
  );
  const extensions = requested.map(({ oid, critical }) => ({
    oid,
    name: extensionName(oid),
    critical,
  }));
  const findings: readonly Finding[] = [
    ...(good ? [] : [
      {
        severity: "refused",
        by: "every CA",
        reason: "its signature is not by its own key",
      } as const,
    ]),
    ...(extensions.length === 0 ? [] : [
      {
        severity: "note",
        by: "istiod and signet",
        reason: "only the key is taken from it; names come from the caller's identity",
      } as const,
    ]),
  ];
  const key = describeKey(csr.publicKey.kind);
  return {
    title: "certificate signing request (CSR)",
    fields: [
      ["subject", describeName(csr.subject) || "(empty)"],
      ["asks for names", ...names.map(({ type, value }) => `${type} ${value}`)],
      [
        "asks for",
        ...(extensions.length === 0 ? [] : [extensions.map(({ name }) => name).join(", ")]),
      ],
      ["key", key],
      ["signed with", `${describeScheme(csr.signatureScheme)}, ${good ? "good" : "BAD"}`],
      ["key's SHA-256", describeBytes(sha256(csr.publicKey.spki))],
    ],
    document: {
      type: "certificateRequest",
      subject: describeName(csr.subject),
      names: names.map(({ type, value }) => ({ type, value })),
      extensions,
      publicKey: key,
      signatureAlgorithm: describeScheme(csr.signatureScheme),
      signatureIsGood: good,
      publicKeySha256: sha256(csr.publicKey.spki).toHex(),
    },
    findings,
  };
}
