/** The ports behind which a CA's key and certificates live, and what else must survive a restart. */
import type { Bytes, MaybePromise } from "../base/mod.ts";

/** One set of CA files, each as PEM text, in istiod's own form. */
export interface CaSet {
  /** `ca-cert.pem`: the signing certificate. */
  readonly caCertPem: string;
  /** `ca-key.pem`: its private key. */
  readonly caKeyPem: string;
  /** `root-cert.pem`: the roots that relying parties trust. */
  readonly rootCertPem: string;
  /** `cert-chain.pem`: the intermediates to send after a leaf; empty for a self-signed root. */
  readonly certChainPem: string;
  /** The step that a rotation of the root's key stands in; absent when none is under way. */
  readonly rotation?: CaRotation;
}

/** A rotation of the root's key that is under way. */
export interface CaRotation {
  /** `announced`: the next root is among the roots, the old key signs. `switched`: the new key signs, the old root is among the roots. */
  readonly phase: "announced" | "switched";
  /** When it was begun, milliseconds since the epoch. */
  readonly startedMs: number;
  /** When the next step is due: the switch, or the withdrawal of the old root. */
  readonly dueMs: number;
  /** The root that is announced. */
  readonly next?: { readonly certPem: string; readonly keyPem: string };
}

/** What a running server has in force, for commands. */
export interface InForceReport {
  /** Revision that it looked at last: of the store's set, or of the plugged-in one. */
  readonly revision?: string;
  /** `plugged-in` when the store's set is not what signs. */
  readonly origin?: string;
  /** Where the CA's files are. */
  readonly location?: string;
  /** Why that revision was refused; absent when it is in force. */
  readonly refused?: string;
}

/** Where a {@linkcode CaSet} is kept. A save is all or nothing, whatever happens in the middle of it. */
export interface CaStore {
  /** Where it is, for people: an absolute path, `memory`, or `Secret NAMESPACE/NAME`. */
  readonly location: string;
  /** Where the files of the current set are, for people. */
  readonly current: string;
  /**
   * Reads the current set; `undefined` when none was ever saved.
   *
   * @throws {SignetError} `store.unreadable`, `store.incomplete`, `store.later_version`.
   */
  load(): Promise<CaSet | undefined>;
  /** A text that changes whenever another set becomes current; `undefined` when there is none. Cheap: asked every second. */
  revision(): Promise<string | undefined>;
  /**
   * Makes `set` the current one and keeps the one before it, where there may be one.
   *
   * @throws {SignetError} `store.write_failed`; the set before is then still current. `store.exists` from a store of several servers
   * when another saved the first set meanwhile.
   */
  save(set: CaSet): Promise<void>;
  /**
   * Changes the current set, alone among all processes, and gives the revision that is current then; `change` may leave it as it is.
   *
   * @throws {SignetError} as {@linkcode CaStore.load} and {@linkcode CaStore.save}; `store.locked`; whatever `change` throws.
   */
  update(change: (current: CaSet) => Promise<CaSet | undefined>): Promise<string>;
  /** How long leaves live, by the identifier of the key that signed them in hex. */
  readonly leafEnds: {
    /** Notes a leaf's end; returns the end up to which no further note is needed. Ends are rounded up by an hour at most. */
    note(keyId: string, notAfterMs: number): Promise<number>;
    /** The last end that was noted. */
    last(keyId: string): Promise<number | undefined>;
  };
  /** What the running server has in force. */
  readonly report: {
    /** Says it; for the holder of the state directory's lock. */
    write(report: InForceReport): Promise<void>;
    /** Asks; `undefined` when no server runs. */
    read(): Promise<InForceReport | undefined>;
  };
}

/** Path of each file of a set. */
export type CaSetPaths = { readonly [K in Exclude<keyof CaSet, "rotation">]: string };

/** The form of a plugged-in directory: istiod's file names, or those of a Kubernetes TLS Secret. */
export type PluggedInForm = "istio" | "tls";

/** A plugged-in set as it was read: unlike a stored one it may be anything. */
export interface PluggedInSet extends Omit<CaSet, "rotation"> {
  /** Which names its files have. */
  readonly form: PluggedInForm;
  /** `ca-crl.pem`, when there is one and it is wanted. */
  readonly crlPem: string | undefined;
  /** Path of each file, for messages; the chain's is where its first certificate stands. */
  readonly paths: CaSetPaths;
  /** Path of the revocation lists, for messages. */
  readonly crlPath: string;
}

/** A directory whose CA somebody else looks after: istiod's `ROOT_CA_DIR`. Signet only reads it. */
export interface PluggedInCa {
  /** The directory's absolute path. */
  readonly location: string;
  /**
   * Reads the directory; `undefined` when it holds no file of a CA, or does not exist.
   *
   * @throws {SignetError} `store.incomplete` when some files are there and others are not; `store.unreadable`, `store.corrupt`.
   */
  read(): Promise<PluggedInSet | undefined>;
}

/** A state directory that this process alone may change, until it is disposed. */
export interface StateLock extends Disposable {
  /** The absolute path of the state directory. */
  readonly directory: string;
}

/** A join token as it is kept: of its secret only the hash. */
export interface JoinToken {
  /** Names the token in lists and logs; no secret. */
  readonly id: string;
  /** SHA-256 of the secret. The secret has 256 random bits, so a slow hash would add nothing. */
  readonly secretSha256: Bytes;
  /** The SPIFFE ID that its bearer is given. */
  readonly identity: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly createdMs: number;
  /** From when on no other key can use it. */
  readonly expiresMs: number;
  /** How many different keys may use it. */
  readonly maxUses: number;
  /** How many keys have used it. */
  readonly used: number;
  /** When it was revoked; `undefined` while it is not. */
  readonly revokedMs: number | undefined;
}

/** One key that a token has been used with. */
export interface TokenBinding {
  /** When that key asked first. */
  readonly boundMs: number;
}

/** Why a token cannot be used with a key. */
export type TokenRefusal =
  /** There is no such token. */
  | "unknown"
  /** An operator took it back. */
  | "revoked"
  /** Its time is over. */
  | "expired"
  /** As many other keys as it allows have used it. */
  | "used"
  /** This key has used it, and the time in which it may ask again is over. */
  | "too_late";

/** What came of using a token. */
export type TokenUse =
  /** It is used, and the disk has it. */
  | { readonly ok: true; readonly repeated: false }
  /** The same key used it before and may ask again. */
  | { readonly ok: true; readonly repeated: true }
  /** Nothing changed. */
  | { readonly ok: false; readonly refusal: TokenRefusal };

/** Where join tokens are kept. Every method reads what is there now, whoever wrote it. @throws {SignetError} `store.*`. */
export interface JoinTokenStore {
  /** Keeps a new token. Tokens that ended long ago are forgotten at the same time. */
  add(token: Omit<JoinToken, "used" | "revokedMs">): MaybePromise<void>;
  /** The token of that ID. */
  find(id: string): MaybePromise<JoinToken | undefined>;
  /** All tokens, the newest first. */
  list(): MaybePromise<readonly JoinToken[]>;
  /** Takes a token back; false when there is none of that ID. From its return on, no use succeeds. */
  revoke(id: string, nowMs: number): MaybePromise<boolean>;
  /**
   * Uses a token with a key, all or nothing: of callers at once, in one process or several, no more win than it allows.
   * When it resolves the disk has the use.
   */
  use(
    id: string,
    key: { readonly keySha256: Bytes; readonly nowMs: number },
  ): MaybePromise<TokenUse>;
}

/** The embedded database of a state directory. The server makes it; commands open it beside a running server. */
export interface StateDatabase extends Disposable {
  /** Where it is, for people. */
  readonly location: string;
  /** Join tokens. */
  readonly tokens: JoinTokenStore;
  /** The mesh's trust domain when a server last said it; `undefined` before the first. */
  trustDomain(): MaybePromise<string | undefined>;
  /** Says the mesh's trust domain, for commands. */
  recordTrustDomain(trustDomain: string): MaybePromise<void>;
}
