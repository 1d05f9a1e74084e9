/**
 * Certificates that signet does not read: what the runtime's own reader (`node:crypto`) says of them, with signet's reason.
 *
 * Signet refuses keys that a mesh cannot use (DSA, P-224, RSA-PSS, explicit curves) and BER; people still want to know what it is.
 */
import { X509Certificate } from "node:crypto";
import { messageOf, quote } from "../../base/mod.ts";
import type { Field } from "../output.ts";
import type { Description } from "./certificate.ts";

/** Tells what can be told of a block that signet cannot read. */
export function describeUnread(
  { label, der }: { readonly label: string | undefined; readonly der: Uint8Array },
  thrown: unknown,
): Description {
  const reason = messageOf(thrown);
  const isCertificate = label === "CERTIFICATE";
  return {
    title: label === undefined ? "unknown" : `${quote(label)}, not readable for signet`,
    fields: isCertificate ? runtimeFields(der) : [],
    document: { type: "unread", label: label ?? null, reason },
    findings: [{ severity: "refused", by: "signet", reason }],
  };
}

function runtimeFields(der: Uint8Array): readonly Field[] {
  try {
    const { subject, issuer, validFrom, validTo, serialNumber } = new X509Certificate(der);
    return [
      ["subject", subject || "(empty)"],
      ["issued by", issuer || "(empty)"],
      ["valid", `from ${validFrom} until ${validTo}`],
      ["serial number", serialNumber.toLowerCase()],
    ];
  } catch {
    return []; // Neither reader takes it: signet's reason says enough.
  }
}
