/** The CA as commands find it on disk, and a running server's word on what is in force. */
import { type Clock, SignetError } from "../base/mod.ts";
import { OPTIONS as SERVER_OPTIONS } from "../config/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import {
  type CaStore,
  fileCaStore,
  type InForceReport,
  type PluggedInCa,
  pluggedInCa,
} from "../store/mod.ts";
import { type Certificate, decodeCertificate, decodePem, describeName } from "../x509/mod.ts";
import { absolutePath } from "./key_files.ts";

/** Options of every command that looks at the CA's files. */
export const CA_FILE_OPTIONS = {
  stateDir: SERVER_OPTIONS.stateDir,
  rootCaDir: SERVER_OPTIONS.rootCaDir,
};

/** Time between two looks at the server's report, in milliseconds. */
const LOOK_MS = 20;
/** A server looks at its files more than twice a second. */
const IN_FORCE_TIMEOUT_MS = 10_000;

/** Where the CA's files are. */
export interface CaFiles {
  /** The state directory's CA. */
  readonly store: CaStore;
  /** The plugged-in CA's directory; `undefined` when it is turned off. */
  readonly pluggedIn: PluggedInCa | undefined;
}

/** Finds the files that the options name; nothing is read yet. */
export async function findCaFiles(
  { stateDir, rootCaDir }: { readonly stateDir: string; readonly rootCaDir: string },
): Promise<CaFiles> {
  return {
    store: fileCaStore(await absolutePath(stateDir)),
    pluggedIn: rootCaDir === "" ? undefined : pluggedInCa({ directory: rootCaDir, withCrl: true }),
  };
}

/** Ends a command of the state directory's CA when the running server's is elsewhere. @throws {SignetError} `commands.failed`. */
export function refuseSecret(report: InForceReport | undefined): void {
  if (!report?.location?.startsWith("Secret ")) return;
  throw new SignetError(
    "commands.failed",
    `Cannot use the CA of the state directory: the running server's is in ${report.location}, where one of its replicas renews it; see it by kubectl, or at /debug/ca of the server`,
  );
}

/**
 * Waits until a running server has a set in force, or one that another command made of it since; `false` when none runs.
 *
 * @throws {SignetError} `commands.failed` when the server refused it, or does not answer.
 */
export async function untilInForce(
  store: CaStore,
  revision: string,
  clock: Clock,
): Promise<boolean> {
  const from = clock.monotonicMs();
  for (;;) {
    const report = await store.report.read();
    if (report === undefined) return false;
    if (isSetOrLater(report.revision, revision)) {
      if (report.refused === undefined) return true;
      throw new SignetError(
        "commands.failed",
        `Cannot put set ${revision} into force: it is saved, and the running server refused it: ${report.refused}`,
      );
    }
    if (clock.monotonicMs() - from > IN_FORCE_TIMEOUT_MS) {
      throw new SignetError(
        "commands.failed",
        `Cannot put set ${revision} into force: it is saved, and the running server has not taken it in ${IN_FORCE_TIMEOUT_MS} ms; see its log`,
      );
    }
    // A timer of the clock would not keep the process alive.
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Sets of the state directory are numbered; each is a change of the one before. */
function isSetOrLater(found: string | undefined, wanted: string): boolean {
  return found === wanted || Number(found) > Number(wanted);
}

/**
 * Refuses to change a CA that another user's server keeps: the new files would be this user's, and that server could not read them.
 *
 * @throws {SignetError} `store.refused`.
 */
export async function refuseOtherUser({ store }: Pick<CaFiles, "store">): Promise<void> {
  const owner = await ownerOf(`${store.location}/current/ca-key.pem`);
  const me = Deno.uid();
  if (owner === undefined || me === null || owner === me) return;
  throw new SignetError(
    "store.refused",
    `Cannot rotate root: ${store.location} is of user ${owner}, this is user ${me}; run it as the server's user, for one by runuser -u NAME -- signet ca rotate`,
  );
}

/** `undefined` where there is no such file, or no user. */
async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).uid ?? undefined;
  } catch {
    return undefined; // Whoever reads the set says why it cannot be read.
  }
}

/** True when a plugged-in CA signs: the running server says so, or without one the directory holds a CA. */
export async function isPluggedIn(
  { pluggedIn }: CaFiles,
  report: InForceReport | undefined,
): Promise<boolean> {
  if (report?.origin !== undefined) return report.origin === "plugged-in";
  return await pluggedIn?.read() !== undefined;
}

/** A certificate as documents of `--output json` have it. */
export type DescribedCertificate = {
  readonly subject: string;
  readonly serialNumber: string;
  readonly sha256: string;
  readonly publicKey: string;
  readonly notBefore: string;
  readonly notAfter: string;
};

/** The certificates of a PEM text, for people and programs. */
export function describeCertificates(pem: string): readonly DescribedCertificate[] {
  return decodePem(pem, { label: "CERTIFICATE" }).map(({ der }) =>
    describeCertificate(decodeCertificate(der))
  );
}

function describeCertificate(certificate: Certificate): DescribedCertificate {
  const { kind } = certificate.publicKey;
  return {
    subject: describeName(certificate.subject),
    serialNumber: certificate.serialNumber.toHex(),
    sha256: sha256(certificate.raw).toHex(),
    publicKey: kind.type === "rsa"
      ? `RSA ${kind.bits}`
      : kind.type === "ec"
      ? kind.curve
      : "Ed25519",
    notBefore: new Date(certificate.notBeforeMs).toISOString(),
    notAfter: new Date(certificate.notAfterMs).toISOString(),
  };
}
