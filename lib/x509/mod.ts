/**
 * X.509: certificates, CSRs, names and chains (RFC 5280, RFC 2986). Pure: digests and signatures are handed in.
 *
 * @example Read the names of a certificate's SAN extension
 * ```ts
 * import { decodeSubjectAltNames, encodeSubjectAltNames } from "signet/x509/mod.ts";
 *
 * const value = encodeSubjectAltNames(["spiffe://cluster.local/ns/default/sa/web", "10.0.0.1"]);
 * const types = decodeSubjectAltNames(value).map((name) => name.type);
 * if (types.join() !== "uri,ip") throw new TypeError("The kind follows the text");
 * ```
 *
 * @module
 */
export type { Curve, Digest, KeyKind, PublicKeyInfo, SignatureScheme } from "./algorithms.ts";
export { type BasicConstraints, decodeBasicConstraints } from "./basic_constraints.ts";
export { type Certificate, decodeCertificate } from "./certificate.ts";
export { decodeRequestedExtensions } from "./csr_attributes.ts";
export { decodeExtKeyUsage } from "./ext_key_usage.ts";
export { type Extension, EXTENSION_OID } from "./extension.ts";
export { decodeKeyUsage } from "./key_usage.ts";
export { type ChainOptions, verifyChain, type VerifySignature } from "./chain.ts";
export { type CertificateList, decodeCrl, isCrlOf } from "./crl.ts";
export {
  buildCsrInfo,
  type CsrRequest,
  decodeCsr,
  decodeCsrPem,
  type DecodedCsr,
  encodeCsr,
} from "./csr.ts";
export { EXT_KEY_USAGE } from "./ext_key_usage.ts";
export { formatIpAddress, parseIpAddress } from "../base/mod.ts";
export { KEY_USAGE } from "./key_usage.ts";
export { commonName, describeName, EMPTY_NAME, organizationName } from "./name.ts";
export { decodePublicKey, MAX_RSA_BITS, MIN_RSA_BITS } from "./public_key.ts";
export { encodeSignatureAlgorithm, findSignatureScheme } from "./signature_algorithms.ts";
export {
  decodeSubjectAltNames,
  encodeSubjectAltNames,
  type SubjectAltName,
  type SubjectAltNameType,
} from "./subject_alt_name.ts";
export {
  buildCaCertificate,
  type CaCertificateRequest,
  createLeafTemplate,
  encodeCertificate,
  type LeafFields,
  type LeafTemplate,
  type LeafTemplateOptions,
} from "./tbs_certificate.ts";
export { decodeFirstPem, decodePem, encodePem, MAX_PEM_CHARS, type PemBlock } from "../asn1/mod.ts";
