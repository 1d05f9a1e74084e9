/** CSR to certificate in process, for both crypto providers, beside the floor. */
import { systemClock } from "signet/base/mod.ts";
import { type Ca, createCa } from "signet/ca/mod.ts";
import { selectProvider } from "signet/crypto/mod.ts";
import { memoryCaStore } from "signet/store/mod.ts";
import { createLogger } from "signet/telemetry/mod.ts";
import { readVector } from "../support/x509_vectors.ts";
import { createFloor } from "./floor.ts";
import { timeSideBySide } from "./measure.ts";

const HOUR_MS = 3_600_000;
const CSR = readVector("csr/good/p256_sha256.pem");
const REQUEST = {
  csrPem: CSR,
  identities: ["spiffe://cluster.local/ns/default/sa/demo"],
  requestedTtlSeconds: 3_600n,
  caller: "bench",
};

/** Microseconds each; the floor and OpenSSL are undefined on a machine without libcrypto. */
export interface InProcess {
  readonly floorUs: number | undefined;
  readonly opensslUs: number | undefined;
  readonly webcryptoUs: number;
}

/** A CA at the default log level whose lines, audit records too, are made and thrown away. */
async function makeCa(choice: "openssl" | "webcrypto"): Promise<Ca> {
  const clock = systemClock();
  const logger = createLogger({ levels: { default: "info" }, json: false }, {
    clock,
    sink: () => {},
  });
  const { provider } = await selectProvider(choice);
  return await createCa({
    trustDomain: "cluster.local",
    defaultWorkloadTtlMs: 24 * HOUR_MS,
    maxWorkloadTtlMs: 2_160 * HOUR_MS,
    selfSignedRootTtlMs: 87_600 * HOUR_MS,
    minRsaBits: 1_024,
    rootKey: { type: "ec", curve: "P-256" },
    whenMissing: "create",
    rotation: { checkIntervalMs: 0, gracePercentile: 20, jitter: false, rootTtlMs: 0 },
    pluggedIn: { reload: true, multiRoot: false },
  }, { clock, crypto: provider, store: memoryCaStore(), logger });
}

/** Measures. */
export async function measureInProcess(): Promise<InProcess> {
  const floor = createFloor(CSR);
  using webcrypto = await makeCa("webcrypto");
  const byWebcrypto = () => webcrypto.sign(REQUEST);
  const slow = await timeSideBySide({ webcrypto: byWebcrypto }, {
    rounds: 5,
    roundMs: 300,
    cpu: "process",
  });
  if (floor === undefined) {
    return { floorUs: undefined, opensslUs: undefined, webcryptoUs: slow.webcrypto };
  }
  using openssl = await makeCa("openssl");
  const fast = await timeSideBySide({ floor, openssl: () => openssl.sign(REQUEST) }, {
    rounds: 15,
    roundMs: 200,
    cpu: "main thread",
  });
  return { floorUs: fast.floor, opensslUs: fast.openssl, webcryptoUs: slow.webcrypto };
}
