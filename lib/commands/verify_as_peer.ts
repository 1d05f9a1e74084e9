/**
 * The checks that a peer of a mesh makes of a certificate, one after the other, each with its verdict.
 *
 * Validity and chain by signet's own chain check; purposes as istiod asks for them (a workload is client and server); revocation as
 * Envoy does it: when there are lists, every issuer of the chain needs one; the identity by the rule for X509-SVIDs.
 */
import { equalBytes, formatIpAddress, messageOf, parseIpAddress } from "../base/mod.ts";
import { isSignetError, SignetError } from "../base/mod.ts";
import { checkPeerSvid, parseWorkloadIdentity } from "../spiffe/mod.ts";
import {
  type Certificate,
  type CertificateList,
  describeName,
  EXT_KEY_USAGE,
  isCrlOf,
  verifyChain,
  type VerifySignature,
} from "../x509/mod.ts";
import { describeSpan, describeTime, extensionName } from "./inspect/words.ts";

/** What the certificate is to be used as. `workload`: client and server. */
export type Purpose = "workload" | "client" | "server" | "any";

/** What is to be verified, and against what. */
export interface PeerQuestion {
  /** Leaf first, then intermediates in any order. */
  readonly chain: readonly Certificate[];
  /** Trusted roots. */
  readonly roots: readonly Certificate[];
  /** Revocation lists; `undefined` leaves revocation out. */
  readonly crls: readonly CertificateList[] | undefined;
  /** The name that it must have: a SPIFFE ID, DNS name or address; empty for any SPIFFE ID of a workload. */
  readonly identity: string;
  /** What it is to be used as. */
  readonly purpose: Purpose;
  /** When, milliseconds since the epoch. */
  readonly atMs: number;
  /** Checks signatures. */
  readonly verifySignature: VerifySignature;
}

/** Names of the checks, in order. */
export const CHECKS = ["validity", "chain", "purpose", "revocation", "identity"] as const;

/** One check and its verdict. */
export interface Check {
  /** Which. */
  readonly name: typeof CHECKS[number];
  /** `skipped`: nobody asked for it, or one before it failed. */
  readonly status: "passed" | "failed" | "skipped";
  /** What was found, and what should be. */
  readonly detail: string;
}

type Verdict = Omit<Check, "name">;

/** Makes the checks; those after the first that fails are skipped. */
export async function verifyAsPeer(question: PeerQuestion): Promise<readonly Check[]> {
  const checks: Check[] = [];
  let path: readonly Certificate[] = [];
  const steps: Readonly<Record<Check["name"], () => Verdict | Promise<Verdict>>> = {
    validity: () => validity(question),
    chain: async () => {
      path = await pathFor(question, [EXT_KEY_USAGE.any]);
      return passed(path.map(nameOf).join(" < "));
    },
    purpose: () => purpose(question),
    revocation: () => revocation(question, path),
    identity: () => identity(question),
  };
  for (const name of CHECKS) {
    const failed = checks.find(({ status }) => status === "failed");
    if (failed !== undefined) checks.push({ name, ...skipped(`${failed.name} failed before`) });
    else checks.push({ name, ...await caught(steps[name]) });
  }
  return checks;
}

async function caught(step: () => Verdict | Promise<Verdict>): Promise<Verdict> {
  try {
    return await step();
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return failed(messageOf(thrown).replace(/^Cannot [^:]*: /, ""));
  }
}

function validity({ chain, atMs }: PeerQuestion): Verdict {
  const { notBeforeMs, notAfterMs } = chain[0]!;
  if (atMs > notAfterMs) {
    const ago = describeSpan(atMs - notAfterMs);
    return failed(
      `it has expired at ${describeTime(notAfterMs)}, ${ago} before ${describeTime(atMs)}`,
    );
  }
  if (atMs < notBeforeMs) {
    return failed(`it is valid from ${describeTime(notBeforeMs)}, now is ${describeTime(atMs)}`);
  }
  return passed(`until ${describeTime(notAfterMs)}, ${describeSpan(notAfterMs - atMs)} left`);
}

async function pathFor(
  { chain: [leaf, ...intermediates], roots, atMs, verifySignature }: PeerQuestion,
  extKeyUsages: readonly string[],
): Promise<readonly Certificate[]> {
  return await verifyChain({
    ...{ leaf: leaf!, intermediates, roots, verifySignature, extKeyUsages },
    nowMs: atMs,
  });
}

const PURPOSES = {
  any: [],
  client: ["clientAuth"],
  server: ["serverAuth"],
  workload: ["clientAuth", "serverAuth"],
} as const satisfies Record<Purpose, readonly (keyof typeof EXT_KEY_USAGE)[]>;

async function purpose(question: PeerQuestion): Promise<Verdict> {
  const wanted = PURPOSES[question.purpose];
  if (wanted.length === 0) return skipped("--purpose any asks for none");
  for (const name of wanted) await pathFor(question, [EXT_KEY_USAGE[name]]);
  return passed(wanted.join(" and "));
}

/** Every certificate of the path is looked up in a list that its issuer signed and that is of its time. */
async function revocation(
  { crls, atMs, verifySignature }: PeerQuestion,
  path: readonly Certificate[],
): Promise<Verdict> {
  if (crls === undefined) return skipped("no --crl was given");
  for (const [at, certificate] of path.entries()) {
    const issuer = path[at + 1] ?? certificate;
    const crl = await listOf(crls, issuer, verifySignature);
    checkList(crl, issuer, atMs);
    const revokedMs = crl.entries.get(certificate.serialNumber.toHex());
    if (revokedMs !== undefined && revokedMs <= atMs) {
      return failed(
        `${
          nameOf(certificate)
        }, serial number ${certificate.serialNumber.toHex()}, was revoked at ${
          describeTime(revokedMs)
        }`,
      );
    }
  }
  return passed(`none of ${path.length} certificates is revoked`);
}

/** The newest of the issuer's lists. */
async function listOf(
  crls: readonly CertificateList[],
  issuer: Certificate,
  verifySignature: VerifySignature,
): Promise<CertificateList> {
  const named = crls.filter((crl) => equalBytes(crl.issuer, issuer.subject));
  for (const crl of [...named].sort((a, b) => b.thisUpdateMs - a.thisUpdateMs)) {
    if (await isCrlOf(crl, issuer, verifySignature)) return crl;
  }
  const why = named.length > 0 ? "none of those with its name is signed by it" : "there is none";
  throw refusal(
    `${nameOf(issuer)} needs a revocation list, as Envoy asks for one of each issuer: ${why}`,
  );
}

function checkList(crl: CertificateList, issuer: Certificate, atMs: number): void {
  const name = `the revocation list of ${nameOf(issuer)}`;
  if (crl.unhandledExtensions.length > 0) {
    const oids = crl.unhandledExtensions.map(extensionName).join(", ");
    throw refusal(`${name} is of a kind that is not known (critical: ${oids})`);
  }
  if (atMs < crl.thisUpdateMs) throw refusal(`${name} is from ${describeTime(crl.thisUpdateMs)}`);
  if (crl.nextUpdateMs !== undefined && atMs > crl.nextUpdateMs) {
    throw refusal(`${name} should have been replaced by ${describeTime(crl.nextUpdateMs)}`);
  }
}

function identity({ chain, identity: wanted, purpose }: PeerQuestion): Verdict {
  const leaf = chain[0]!;
  const uri = leaf.subjectAltNames.find(({ type }) => type === "uri")?.value;
  if (wanted !== "" && !wanted.includes("://")) return hostName(leaf, wanted);
  if (wanted === "" && uri === undefined && (purpose === "server" || purpose === "any")) {
    return skipped("it has no SPIFFE ID, and no --identity was given");
  }
  const { trustDomain } = parseWorkloadIdentity(wanted || (uri ?? "spiffe://-/ns/-/sa/-"));
  checkPeerSvid(leaf, trustDomain);
  if (wanted === "" || uri === wanted) return passed(uri!);
  return failed(`it is ${uri}, should be ${wanted}`);
}

/** A DNS name or an address, as TLS clients check servers (RFC 9525): a wildcard stands for one whole label, the first. */
function hostName({ subjectAltNames }: Certificate, wanted: string): Verdict {
  const address = parseIpAddress(wanted);
  const names = subjectAltNames.filter(({ type }) => type === (address ? "ip" : "dns"));
  const canonical = (address && formatIpAddress(address)) || wanted.toLowerCase();
  const parent = canonical.slice(canonical.indexOf("."));
  const found = names.some(({ value }) =>
    value.toLowerCase() === canonical ||
    (address === undefined && parent.length > 1 && value.toLowerCase() === `*${parent}`)
  );
  if (found) return passed(wanted);
  const list = names.slice(0, 10).map(({ value }) => value).join(", ");
  return failed(`it is not for ${wanted}; its names are ${list || "none of that kind"}`);
}

function nameOf({ subject, subjectAltNames }: Certificate): string {
  return describeName(subject) || (subjectAltNames[0]?.value ?? "(no name)");
}

function passed(detail: string): Verdict {
  return { status: "passed", detail };
}

function failed(detail: string): Verdict {
  return { status: "failed", detail };
}

function skipped(detail: string): Verdict {
  return { status: "skipped", detail };
}

function refusal(what: string): SignetError {
  return new SignetError("x509.untrusted", what);
}
