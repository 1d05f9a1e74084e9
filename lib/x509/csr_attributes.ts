/**
 * What a CSR asks for in its extensionRequest attribute (RFC 2985 section 5.4.2). A CA of Istio grants none of it; people want to see it.
 *
 * ```asn1
 * Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET OF ANY }
 * ```
 */
import { contextTag, readDer, readOid, readSmallInteger, TAG } from "../asn1/mod.ts";
import { SignetError } from "../base/mod.ts";
import type { DecodedCsr } from "./csr.ts";
import { type Extension, readExtensions } from "./extension.ts";
import { scanName } from "./name.ts";
import { readPublicKey } from "./public_key.ts";

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const ATTRIBUTES = contextTag(0, { constructed: true });

/**
 * The extensions that a CSR asks for, in order; empty when it asks for none.
 *
 * @throws {SignetError} `x509.bad_csr` when they are asked for twice, `x509.bad_extension`, `asn1.*`.
 */
export function decodeRequestedExtensions(
  { certificationRequestInfo }: Pick<DecodedCsr, "certificationRequestInfo">,
): readonly Extension[] {
  const info = readDer(certificationRequestInfo).enter(TAG.sequence);
  readSmallInteger(info);
  scanName(info);
  readPublicKey(info);
  const attributes = info.enter(ATTRIBUTES);
  let found: readonly Extension[] | undefined;
  while (!attributes.done) {
    const attribute = attributes.enter(TAG.sequence);
    const isRequest = readOid(attribute) === EXTENSION_REQUEST;
    const values = attribute.enter(TAG.set);
    if (!isRequest) continue;
    if (found !== undefined) {
      throw new SignetError("x509.bad_csr", "Cannot read CSR: it asks for extensions twice");
    }
    found = [...readExtensions(values).values()];
    values.finish();
  }
  return found ?? [];
}
