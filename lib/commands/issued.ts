/** What is told of a certificate that a command got and wrote: the same by every command, to people and to programs. */
import { sha256 } from "../crypto/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { describeTime } from "./inspect/words.ts";
import { keyFilePath } from "./key_files.ts";
import { formatFields, type Output, safeText } from "./output.ts";

/** A certificate, and where it is. */
export interface IssuedFiles {
  /** The certificate. */
  readonly leaf: Certificate;
  /** The folder that it was written into, with its key and the roots. */
  readonly directory: string;
  /** Who issued it: the folder of the CA, or `host:port` of the server. */
  readonly issuedBy: string;
}

/** Both forms of the result. */
export function issuedOutput(
  headline: string,
  { leaf, directory, issuedBy }: IssuedFiles,
): Output {
  const key = keyFilePath(directory, "keyPem");
  const certificate = keyFilePath(directory, "certChainPem");
  const root = keyFilePath(directory, "rootCertPem");
  return {
    document: {
      identities: leaf.subjectAltNames.map(({ value }) => value),
      serialNumber: leaf.serialNumber.toHex(),
      sha256: sha256(leaf.raw).toHex(),
      notBefore: describeTime(leaf.notBeforeMs),
      notAfter: describeTime(leaf.notAfterMs),
      issuedBy,
      files: { key, certificate, root },
    },
    lines: [
      safeText(headline),
      ...formatFields([
        ["key", key],
        ["certificate", certificate],
        ["root", root],
        ["issued by", issuedBy],
      ], { indent: 2 }),
    ],
  };
}
