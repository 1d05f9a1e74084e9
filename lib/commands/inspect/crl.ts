/** A revocation list in words. */
import { decodeCrl, describeName } from "../../x509/mod.ts";
import type { Description } from "./certificate.ts";
import type { Finding } from "./verdict.ts";
import { describeScheme, describeSpan, describeTime, extensionName } from "./words.ts";

/** Entries that are told of by serial number; the rest is a count. */
const MAX_LISTED_ENTRIES = 50;

/** Tells of a revocation list. @throws {SignetError} `x509.bad_crl`, `asn1.*`. */
export function describeCrl(der: Uint8Array, nowMs: number): Description {
  const { issuer, thisUpdateMs, nextUpdateMs, entries, signatureScheme, unhandledExtensions } =
    decodeCrl(der);
  const listed = [...entries].slice(0, MAX_LISTED_ENTRIES);
  const isStale = nextUpdateMs !== undefined && nowMs > nextUpdateMs;
  const until = nextUpdateMs === undefined ? "no end" : describeTime(nextUpdateMs);
  const findings: readonly Finding[] = [
    ...(isStale
      ? [
        {
          severity: "refused",
          by: "Envoy and Go",
          reason: `the next list was due ${describeSpan(nowMs - nextUpdateMs)} ago`,
        } as const,
      ]
      : []),
    ...unhandledExtensions.map((oid) => ({
      severity: "refused",
      by: "signet",
      reason: `extension ${extensionName(oid)} is critical and not known`,
    } as const)),
  ];
  return {
    title: "certificate revocation list (CRL)",
    fields: [
      ["issued by", describeName(issuer) || "(empty)"],
      ["valid", `from ${describeTime(thisUpdateMs)} until ${until}`],
      ["revokes", entries.size === 0 ? "nothing" : `${entries.size} certificates`],
      ["serial number", ...listed.map(([serial, ms]) => `${serial} since ${describeTime(ms)}`)],
      ["signed with", describeScheme(signatureScheme)],
    ],
    document: {
      type: "revocationList",
      issuer: describeName(issuer),
      thisUpdate: describeTime(thisUpdateMs),
      nextUpdate: nextUpdateMs === undefined ? null : describeTime(nextUpdateMs),
      revoked: entries.size,
      entries: listed.map(([serialNumber, ms]) => ({ serialNumber, revokedAt: describeTime(ms) })),
      signatureAlgorithm: describeScheme(signatureScheme),
    },
    findings,
  };
}
