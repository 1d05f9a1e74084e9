/**
 * The roots of signers that are not signet's own: of a file for all of them, or of the mesh config's `caCertificates` for each.
 *
 * Both are looked at every second, as both may change; what cannot be used leaves what was in force.
 */
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";
import { type Certificate, decodeCertificate, decodePem, encodePem } from "../x509/mod.ts";
import { readFirstFile } from "./file.ts";

/** An entry of the mesh config's `caCertificates`. */
export interface MeshCaCertificates {
  /** Roots, PEM. */
  readonly pem: string;
  /** Names of the signers that they belong to. */
  readonly certSigners: readonly string[];
}

/** Where the roots stand. */
export interface SignerRootsSource {
  /** Files, of which the first that is there counts. */
  readonly files: readonly string[];
  /** The mesh config's as they are now; best the same list as long as nothing changed. */
  readonly mesh: () => readonly MeshCaCertificates[];
}

/** Roots, and where they stand. */
export interface RootList {
  /** Decoded, at least one. */
  readonly certificates: readonly Certificate[];
  /** The same as PEM. */
  readonly pem: string;
  /** For people. */
  readonly where: string;
}

/** All roots at one moment. */
export interface SignerRoots {
  /** Those of the file. */
  readonly file: RootList | undefined;
  /** Those of the mesh config, by signer. */
  readonly mesh: ReadonlyMap<string, RootList>;
}

/** Follows the roots. */
export interface SignerRootsWatch {
  /** As they are now. */
  readonly current: SignerRoots;
  /** Looks again; true when something changed. @throws {SignetError} `store.corrupt`, `store.unreadable`; what was in force stays. */
  look(): Promise<boolean>;
}

/**
 * Reads the roots.
 *
 * @throws {SignetError} `store.corrupt`, `store.unreadable`.
 */
export async function openSignerRoots(source: SignerRootsSource): Promise<SignerRootsWatch> {
  let seen = await readSource(source);
  let current = decodeAll(seen);
  return {
    get current() {
      return current;
    },
    async look() {
      const now = await readSource(source);
      if (isSame(now, seen)) return false;
      seen = now; // what cannot be used is told once
      current = decodeAll(now);
      return true;
    },
  };
}

interface Texts {
  readonly file: { readonly path: string; readonly text: string } | undefined;
  readonly mesh: readonly MeshCaCertificates[];
}

async function readSource({ files, mesh }: SignerRootsSource): Promise<Texts> {
  return { file: await readFirstFile(files), mesh: mesh() };
}

function isSame(a: Texts, b: Texts): boolean {
  const isSameFile = a.file?.path === b.file?.path && a.file?.text === b.file?.text;
  return isSameFile && (a.mesh === b.mesh || JSON.stringify(a.mesh) === JSON.stringify(b.mesh));
}

function decodeAll({ file, mesh }: Texts): SignerRoots {
  const bySigner = new Map<string, RootList>();
  for (const { pem, certSigners } of mesh) {
    const list = decodeRoots(pem, "caCertificates of the mesh config");
    for (const signer of certSigners) if (!bySigner.has(signer)) bySigner.set(signer, list);
  }
  return { file: file && decodeRoots(file.text, file.path), mesh: bySigner };
}

/** @throws {SignetError} `store.corrupt`, naming `where`. */
function decodeRoots(text: string, where: string): RootList {
  let certificates: readonly Certificate[];
  try {
    certificates = decodePem(text, { label: "CERTIFICATE" }).map(({ der }) =>
      decodeCertificate(der)
    );
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw badRoots(where, messageOf(thrown));
  }
  if (certificates.length === 0) throw badRoots(where, "it holds no CERTIFICATE block");
  if (!certificates.every(({ basicConstraints }) => basicConstraints?.ca === true)) {
    throw badRoots(where, "a certificate in it is no CA's");
  }
  return {
    certificates,
    pem: certificates.map(({ raw }) => encodePem("CERTIFICATE", raw)).join(""),
    where,
  };
}

function badRoots(where: string, what: string): SignetError {
  return new SignetError("store.corrupt", `Cannot use the roots of ${where}: ${what}`);
}
