/**
 * What peers of a mesh would refuse about a certificate, and why: a table of rules, each with the peer whose rule it is.
 *
 * Every peer: Go's crypto/x509 (istiod, go-spiffe) and BoringSSL (Envoy) alike. Rules of one alone name it.
 */
import { isSignetError } from "../../base/mod.ts";
import { parseSpiffeId, parseWorkloadIdentity, SPIFFE_SCHEME } from "../../spiffe/mod.ts";
import {
  type Certificate,
  EMPTY_NAME,
  EXT_KEY_USAGE,
  EXTENSION_OID,
  KEY_USAGE,
} from "../../x509/mod.ts";
import { describeSpan, describeTime, extensionName } from "./words.ts";

/** One thing that is worth knowing. */
export interface Finding {
  /** `refused`: that peer does not take it. `note`: nobody refuses it for that alone. */
  readonly severity: "refused" | "note";
  /** Whose rule it is. */
  readonly by: string;
  /** What is, and what is asked for. */
  readonly reason: string;
}

/** What a certificate may be used as. */
export interface Uses {
  /** It can sign other certificates. */
  readonly ca: boolean;
  /** It can stand for a TLS client. */
  readonly client: boolean;
  /** It can stand for a TLS server. */
  readonly server: boolean;
}

/** What key usage, purposes and basic constraints allow; time and names are not looked at. */
export function usesOf({ basicConstraints, keyUsage, extKeyUsage }: Certificate): Uses {
  const may = (bit: number) => keyUsage === undefined || (keyUsage & bit) !== 0;
  const isFor = (purpose: string) =>
    extKeyUsage === undefined || extKeyUsage.includes(purpose) ||
    extKeyUsage.includes(EXT_KEY_USAGE.any);
  const signs = may(KEY_USAGE.digitalSignature);
  return {
    ca: basicConstraints?.ca === true && may(KEY_USAGE.keyCertSign),
    client: signs && isFor(EXT_KEY_USAGE.clientAuth),
    server: signs && isFor(EXT_KEY_USAGE.serverAuth),
  };
}

/** A rule: the findings of one certificate at one time. */
type Rule = (certificate: Certificate, nowMs: number) => readonly Finding[];

const ALL = "every peer";

/** Findings of one certificate, refusals first. */
export function findingsOf(certificate: Certificate, nowMs: number): readonly Finding[] {
  const isCa = certificate.basicConstraints?.ca === true;
  const rules = [...COMMON_RULES, ...(isCa ? CA_RULES : LEAF_RULES)];
  const findings = rules.flatMap((rule) => rule(certificate, nowMs));
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

function rank({ severity }: Finding): number {
  return severity === "refused" ? 0 : 1;
}

function refused(by: string, reason: string): readonly Finding[] {
  return [{ severity: "refused", by, reason }];
}

function note(by: string, reason: string): readonly Finding[] {
  return [{ severity: "note", by, reason }];
}

const LOW_LIFE_SHARE = 0.2;

const COMMON_RULES: readonly Rule[] = [
  function validity({ notBeforeMs, notAfterMs }, nowMs) {
    if (nowMs > notAfterMs) {
      return refused(ALL, `it has expired ${describeSpan(nowMs - notAfterMs)} ago`);
    }
    if (nowMs < notBeforeMs) {
      return refused(ALL, `it is valid from ${describeTime(notBeforeMs)}; is this clock right?`);
    }
    const left = notAfterMs - nowMs;
    if (left > (notAfterMs - notBeforeMs) * LOW_LIFE_SHARE) return [];
    return note(
      "renewal",
      `it should have been renewed at half its life; ${describeSpan(left)} left`,
    );
  },
  function extensions({ unhandledExtensions }) {
    return unhandledExtensions.flatMap((oid) =>
      oid === EXTENSION_OID.nameConstraints
        ? refused("signet", "it has name constraints, which signet does not process")
        : refused(ALL, `extension ${extensionName(oid)} is critical and not known`)
    );
  },
  function signature({ signatureScheme }) {
    if (signatureScheme === undefined) {
      return refused(
        "signet",
        "its signature algorithm is not one of RSA, ECDSA or Ed25519 with SHA-2",
      );
    }
    if (signatureScheme.type === "ed25519" || signatureScheme.digest !== "SHA-1") return [];
    return refused("signet and istiod", "it is signed with SHA-1");
  },
  function keySize({ publicKey: { kind } }) {
    if (kind.type === "ed25519") {
      return refused("Envoy", "its key is Ed25519, which Envoy's TLS does not offer");
    }
    if (kind.type !== "rsa" || kind.bits >= 2048) return [];
    return refused("Envoy", `its RSA key has ${kind.bits} bits, at least 2048 are asked for`);
  },
];

const CA_RULES: readonly Rule[] = [
  function maySign({ keyUsage }) {
    if (keyUsage === undefined || (keyUsage & KEY_USAGE.keyCertSign) !== 0) return [];
    return refused(ALL, "it is a CA whose key usage has no keyCertSign: nothing below it is valid");
  },
  function keyIdentifier({ subjectKeyIdentifier }) {
    if (subjectKeyIdentifier !== undefined) return [];
    return note("RFC 5280", "it is a CA without subject key identifier");
  },
  function workloadId({ subjectAltNames }) {
    const id = subjectAltNames.find(({ type, value }) =>
      type === "uri" && value.startsWith(SPIFFE_SCHEME) && value.split("/").length > 3
    );
    if (id === undefined) return [];
    return refused("signet and go-spiffe", "it is a CA and has a workload's SPIFFE ID");
  },
];

const LEAF_RULES: readonly Rule[] = [
  identity,
  function purposes(certificate) {
    const { client, server } = usesOf(certificate);
    const { keyUsage = KEY_USAGE.digitalSignature } = certificate;
    if ((keyUsage & KEY_USAGE.digitalSignature) === 0) {
      return refused(ALL, "its key usage has no digitalSignature, which TLS 1.3 signs with");
    }
    const lacking = [
      ...(client ? [] : ["as a client: its extended key usage has no clientAuth"]),
      ...(server ? [] : ["as a server: its extended key usage has no serverAuth"]),
    ];
    return lacking.flatMap((reason) => refused(ALL, reason));
  },
  function emptySubject({ subject, extensions }) {
    const names = extensions.find(({ oid }) => oid === EXTENSION_OID.subjectAltName);
    if (subject.length > EMPTY_NAME.length || names === undefined || names.critical) return [];
    return note("RFC 5280", "its subject is empty, so its subjectAltName should be critical");
  },
];

/** Exactly one URI name, and that a workload's SPIFFE ID: istiod's rule for clients, and signet's. */
function identity({ subjectAltNames }: Certificate): readonly Finding[] {
  const uris = subjectAltNames.filter(({ type }) => type === "uri");
  const [uri] = uris;
  if (uri === undefined) {
    const isServer = subjectAltNames.some(({ type }) => type === "dns" || type === "ip");
    const reason = "as a client: it has no SPIFFE ID (a URI name)";
    return refused("istiod and signet", isServer ? `${reason}; as a server it has names` : reason);
  }
  if (uris.length > 1) {
    return refused(
      "every SPIFFE peer",
      `it has ${uris.length} URI names, exactly one is asked for`,
    );
  }
  if (attempt(() => parseWorkloadIdentity(uri.value)) === undefined) {
    return refused(
      "istiod and signet",
      "its URI name is not spiffe://<trust domain>/ns/<namespace>/sa/<service account>",
    );
  }
  if (attempt(() => parseSpiffeId(uri.value)) !== undefined) return [];
  return refused("go-spiffe", "its URI name holds what a SPIFFE ID may not");
}

/** The value, or undefined where signet refuses. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (isSignetError(thrown)) return undefined;
    throw thrown;
  }
}
