/**
 * X.509: certificates, CSRs, names and chains (RFC 5280, RFC 2986). Pure: digests and signatures are handed in.
 *
 * @module
 */
export type { Curve, Digest, KeyKind, PublicKeyInfo, SignatureScheme } from "./algorithms.ts";
