/**
 * What a CSR must be before a signer of the cluster is asked (istiod's `ValidateCSR`): such a signer copies what the CSR says, so it may say
 * no more than the caller is. Its names are the caller's, its subject is empty, and it asks for nothing beside names.
 */
import { isSignetError, SignetError } from "../base/mod.ts";
import {
  type DecodedCsr,
  decodeRequestedExtensions,
  decodeSubjectAltNames,
  EMPTY_NAME,
  EXTENSION_OID,
} from "../x509/mod.ts";

/** istiod's words for every fault; which one it is goes to the log as the cause. */
const REFUSAL = "unable to validate SAN Identities in CSR";
/** `O=""`, as Istio's agents write it: SEQUENCE { SET { SEQUENCE { 2.5.4.10, string of 0 octets } } } without the string's tag. */
const EMPTY_ORGANIZATION = "300b31093007060355040a";
/** Tags of the string: UTF8String, PrintableString. */
const TEXT_TAGS = ["0c", "13"];

/**
 * Checks a CSR, whose own signature is good, against the caller's identities, and gives the name that it asks for.
 *
 * @throws {SignetError} `ca.csr_error`.
 */
export function checkCsrForSigner(
  csr: DecodedCsr,
  identities: readonly string[],
): string {
  if (!isEmptySubject(csr.subject)) throw refused("its subject is not empty");
  const names = requestedNames(csr);
  const [first] = names;
  if (first === undefined) throw refused("it asks for no name");
  for (const { type, value } of names) {
    if (type !== "uri") throw refused(`it asks for a name of kind ${type}`);
    if (!identities.includes(value)) throw refused("it asks for a name that is not the caller's");
  }
  if (names.length > 1) throw refused(`it asks for ${names.length} URIs, should ask for one`);
  return first.value;
}

function isEmptySubject(subject: Uint8Array): boolean {
  const hex = subject.toHex();
  return hex === EMPTY_NAME.toHex() ||
    TEXT_TAGS.some((tag) => hex === `${EMPTY_ORGANIZATION}${tag}00`);
}

function requestedNames(csr: DecodedCsr): ReturnType<typeof decodeSubjectAltNames> {
  try {
    const extensions = decodeRequestedExtensions(csr);
    const other = extensions.find(({ oid }) => oid !== EXTENSION_OID.subjectAltName);
    if (other !== undefined) throw refused(`it asks for extension ${other.oid}`);
    return extensions.flatMap(({ value }) => decodeSubjectAltNames(value));
  } catch (thrown) {
    if (!isSignetError(thrown) || thrown.code === "ca.csr_error") throw thrown;
    throw refused(thrown.message);
  }
}

function refused(what: string): SignetError {
  return new SignetError("ca.csr_error", REFUSAL, {
    cause: new SignetError("x509.bad_csr", `Cannot send CSR to a signer: ${what}`),
  });
}
