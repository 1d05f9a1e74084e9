/** The port behind which a CA's key and certificates live. */

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
}

/** Where a {@linkcode CaSet} is kept. A save is all or nothing, whatever happens in the middle of it. */
export interface CaStore {
  /** Where it is, for people: an absolute path, or `memory`. */
  readonly location: string;
  /**
   * Reads the current set; `undefined` when none was ever saved.
   *
   * @throws {SignetError} `store.unreadable`, `store.incomplete`, `store.later_version`.
   */
  load(): Promise<CaSet | undefined>;
  /** A text that changes whenever another set becomes current; `undefined` when there is none. Cheap: asked every second. */
  revision(): Promise<string | undefined>;
  /**
   * Makes `set` the current one and keeps the one before it.
   *
   * @throws {SignetError} `store.write_failed`; the set before is then still current.
   */
  save(set: CaSet): Promise<void>;
}

/** A state directory that this process alone may change, until it is disposed. */
export interface StateLock extends Disposable {
  /** The absolute path of the state directory. */
  readonly directory: string;
}
