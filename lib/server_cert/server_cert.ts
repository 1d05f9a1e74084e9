/**
 * Signet's own certificate: issued by its CA in process or by a signer of the cluster, or read from the operator's files, and kept fresh.
 *
 * Long timers fire at once in Deno, so nothing is scheduled for an expiry: a periodic look at the wall clock renews at half life,
 * and so right after a clock jump in either direction. A failed renewal or reload is logged and what was served stays.
 */
import { type Clock, sleep, type Timer } from "../base/mod.ts";
import type { Ca, Signers } from "../ca/mod.ts";
import type { CryptoProvider } from "../crypto/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";
import type { TrustedRoots } from "../tls/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { fingerprintFiles } from "./file.ts";
import { mergeRoots, toPem } from "./material.ts";
import type { ServerCert, ServerCertConfig, ServingMaterial } from "./port.ts";
import {
  type CertSource,
  chooseSource,
  filesOf,
  obtain,
  readRoots,
  type Serving,
  writeIssued,
} from "./source.ts";

/** Time between two looks at the wall clock, in milliseconds. */
export const LOOK_AT_CLOCK_MS = 60_000;
/** Time between two looks at files, in milliseconds. */
export const LOOK_AT_FILES_MS = 1_000;
/** Changed files must stay as they are for this long, in milliseconds: a certificate and its key are two writes. */
const SETTLE_MS = 100;
/** Looks at files that keep changing, before the next round of looking begins. */
const MAX_SETTLE_LOOKS = 10;

/** What the serving certificate needs of the world. */
export interface ServerCertHost {
  /** Time. */
  readonly clock: Clock;
  /** Key operations, to check the operator's files. */
  readonly crypto: CryptoProvider;
  /** For what was issued, reloaded or failed. */
  readonly logger: Logger;
  /** Issues, and says which roots workloads have; without it files and signers alone are served. */
  readonly ca: Ca | undefined;
  /** Signers of the cluster, when one signs for workloads or for the server. Default: none. */
  readonly signers?: Signers | undefined;
}

/**
 * Gets the serving certificate and keeps it fresh until disposed.
 *
 * @throws {SignetError} `server_cert.bad_files` when the operator's files cannot be used; `ca.*` when issuing fails.
 */
export async function loadServerCert(
  config: ServerCertConfig,
  host: ServerCertHost,
): Promise<ServerCert> {
  const logger = host.logger.scoped("ca");
  const source = await chooseSource(config, { ca: host.ca, signers: host.signers });
  const extraRoots = await readRoots(source);
  const serving = await obtain(source, config, host);
  await writeIssued(source, config, serving);
  if (serving === undefined) {
    logger.warn(EVENT.serverCertMissing, `There is no serving certificate: ${source.described}`);
  }
  const cert = new LiveServerCert(config, { ...host, logger }, { source, serving, extraRoots });
  await cert.begin();
  return cert;
}

interface Parts {
  readonly source: CertSource;
  readonly serving: Serving | undefined;
  readonly extraRoots: readonly Certificate[];
}

class LiveServerCert implements ServerCert {
  readonly #config: ServerCertConfig;
  readonly #host: ServerCertHost;
  readonly #listeners = new Set<(material: ServingMaterial) => void>();
  readonly #subscriptions: readonly (Disposable | undefined)[];
  readonly #timers = new Set<Timer>();
  #parts: Parts;
  #current: ServingMaterial | undefined;
  #clientRoots: TrustedRoots;
  #filesSeen = "";
  #work: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(config: ServerCertConfig, host: ServerCertHost, parts: Parts) {
    this.#config = config;
    this.#host = host;
    this.#parts = parts;
    this.#clientRoots = { generation: 1, certificates: this.#rootsWith(parts.extraRoots) };
    this.#current = materialOf(parts.serving, this.#clientRoots);
    this.#subscriptions = [
      host.ca?.onChange(() => this.#followIssuer("istiod", "the CA changed")),
      host.signers?.onChange(() => this.#followIssuer("signer", "the signers' roots changed")),
    ];
  }

  get source(): ServerCert["source"] {
    return this.#parts.source.kind;
  }

  get described(): string {
    return this.#parts.source.described;
  }

  get listens(): boolean {
    const { ca, signers } = this.#host;
    return this.#current !== undefined || ca !== undefined || signers?.workloads !== undefined;
  }

  get meshRootsPem(): string | undefined {
    const { source } = this.#parts;
    return source.kind === "signer"
      ? source.signers.rootsOf(source.signerName)?.pem
      : this.#host.ca?.bundle.rootCertsPem;
  }

  get current(): ServingMaterial | undefined {
    return this.#current;
  }

  get clientRoots(): TrustedRoots {
    return this.#clientRoots;
  }

  onChange(listener: (material: ServingMaterial) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async begin(): Promise<void> {
    this.#every(LOOK_AT_CLOCK_MS, () => this.#lookAtClock());
    const files = filesOf(this.#parts.source);
    if (files.length === 0) return;
    this.#filesSeen = await fingerprintFiles(files);
    this.#every(LOOK_AT_FILES_MS, () => this.#enqueue(() => this.#lookAtFiles(files)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const subscription of this.#subscriptions) subscription?.[Symbol.dispose]();
    for (const timer of this.#timers) timer.cancel();
    this.#listeners.clear();
    await this.#work;
  }

  #every(periodMs: number, look: () => void): void {
    const arm = () => {
      const timer = this.#host.clock.setTimer(periodMs, () => {
        this.#timers.delete(timer);
        if (this.#ended) return;
        look();
        arm();
      });
      this.#timers.add(timer);
    };
    arm();
  }

  /** One piece of work at a time; a failure is logged and leaves what is served. */
  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#ended) return;
      try {
        await work();
      } catch (thrown) {
        this.#failed("Cannot refresh the serving certificate; the one before stays", thrown);
      }
    });
  }

  #failed(message: string, thrown: unknown): void {
    this.#host.logger.error(EVENT.serverCertFailed, message, {}, thrown);
  }

  #lookAtClock(): void {
    if (this.#isDue()) this.#enqueue(() => this.#renewIfDue());
  }

  /** Half of the lifetime is over, or the clock went back before its start; and a new one could live longer. */
  #isDue(): boolean {
    const { source, serving } = this.#parts;
    if (serving === undefined) return false;
    const { notBeforeMs, notAfterMs } = serving;
    const nowMs = this.#host.clock.nowMs();
    if (nowMs < notBeforeMs) return source.kind !== "files";
    const half = notBeforeMs + (notAfterMs - notBeforeMs) / 2;
    if (nowMs < half) return false;
    if (source.kind === "signer") return true;
    return source.kind === "istiod" && notAfterMs < source.ca.bundle.caCertificate.notAfterMs;
  }

  async #renewIfDue(): Promise<void> {
    if (!this.#isDue()) return;
    this.#swap({ ...this.#parts, serving: await this.#obtain() }, "renewed");
    await this.#write();
  }

  /** Clients are checked against the new roots at once, whatever becomes of the certificate. */
  #followIssuer(issuer: ServerCert["source"], reason: string): void {
    this.#swap(this.#parts, "the roots of clients were read again");
    if (this.source !== issuer) return;
    this.#enqueue(async () => {
      const serving = await this.#obtain();
      this.#swap({ ...this.#parts, serving }, reason);
      await this.#write();
    });
  }

  /** A file that cannot be used keeps what was read before of it alone. */
  async #lookAtFiles(files: readonly string[]): Promise<void> {
    const seen = await this.#settled(files);
    if (seen === undefined) return;
    this.#filesSeen = seen;
    const { source } = this.#parts;
    let { serving, extraRoots } = this.#parts;
    try {
      extraRoots = await readRoots(source);
    } catch (thrown) {
      this.#failed("Cannot read the roots of clients again; those before stay", thrown);
    }
    try {
      if (source.kind === "files") serving = await this.#obtain();
    } finally {
      this.#swap({ source, serving, extraRoots }, "files changed");
    }
  }

  /** The certificate is served whether it could be written or not: a full disk must not let it expire. */
  async #write(): Promise<void> {
    try {
      await writeIssued(this.#parts.source, this.#config, this.#parts.serving);
    } catch (thrown) {
      this.#failed("Cannot write the serving certificate; it is served all the same", thrown);
    }
  }

  /** The fingerprint of files that have changed and lie still; `undefined` when there is nothing to read. */
  async #settled(files: readonly string[]): Promise<string | undefined> {
    let seen = await fingerprintFiles(files);
    for (let looks = 0; looks < MAX_SETTLE_LOOKS && seen !== this.#filesSeen; looks++) {
      await sleep(this.#host.clock, SETTLE_MS);
      if (this.#ended) return undefined;
      const again = await fingerprintFiles(files);
      if (again === seen) return seen;
      seen = again;
    }
    return undefined;
  }

  #obtain(): Promise<Serving | undefined> {
    return obtain(this.#parts.source, this.#config, this.#host);
  }

  #rootsWith(extraRoots: readonly Certificate[]): readonly Certificate[] {
    const { ca, signers } = this.#host;
    return mergeRoots(signers?.roots ?? [], ca?.bundle.roots ?? [], extraRoots);
  }

  #swap(parts: Parts, reason: string): void {
    this.#parts = parts;
    const certificates = this.#rootsWith(parts.extraRoots);
    this.#clientRoots = { generation: this.#clientRoots.generation + 1, certificates };
    this.#current = materialOf(parts.serving, this.#clientRoots);
    if (this.#current === undefined) return;
    this.#host.logger.info(EVENT.serverCertChanged, "Serving certificate changed", {
      reason,
      not_after: new Date(this.#current.notAfterMs).toISOString(),
    });
    for (const listener of this.#listeners) listener(this.#current);
  }
}

function materialOf(
  serving: Serving | undefined,
  { certificates }: TrustedRoots,
): ServingMaterial | undefined {
  return serving === undefined ? undefined : { ...serving, clientRootsPem: toPem(certificates) };
}
