/** A CA in memory. */
import { type Clock, systemClock } from "signet/base/mod.ts";
import { type Ca, type CaConfig, createCa } from "signet/ca/mod.ts";
import { type CryptoProvider, selectProvider } from "signet/crypto/mod.ts";
import { type CaStore, memoryCaStore, type PluggedInCa } from "signet/store/mod.ts";
import { type LogRecords, recordLogs } from "./log_records.ts";

const HOUR_MS = 3_600_000;

/** A CA with the defaults of the command line, over Web Crypto, which every machine has. */
export async function createTestCa(
  options: {
    readonly config?: Partial<CaConfig>;
    readonly clock?: Clock;
    readonly store?: CaStore;
    readonly pluggedIn?: PluggedInCa;
    readonly crypto?: CryptoProvider;
  } = {},
): Promise<{ readonly ca: Ca } & LogRecords> {
  const logs = recordLogs();
  const crypto = options.crypto ?? (await selectProvider("webcrypto")).provider;
  const ca = await createCa({
    trustDomain: "cluster.local",
    defaultWorkloadTtlMs: 24 * HOUR_MS,
    maxWorkloadTtlMs: 2_160 * HOUR_MS,
    selfSignedRootTtlMs: 87_600 * HOUR_MS,
    minRsaBits: 1_024,
    rootKey: { type: "ec", curve: "P-256" },
    whenMissing: "create",
    rotation: { checkIntervalMs: 0, gracePercentile: 20, jitter: false, rootTtlMs: 0 },
    pluggedIn: { reload: true, multiRoot: false },
    ...options.config,
  }, {
    clock: options.clock ?? systemClock(),
    crypto,
    store: options.store ?? memoryCaStore(),
    ...(options.pluggedIn === undefined ? {} : { pluggedIn: options.pluggedIn }),
    logger: logs.logger,
  });
  return { ca, ...logs };
}
