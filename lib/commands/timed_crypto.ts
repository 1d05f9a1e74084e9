/** A crypto provider whose signatures are timed: issued certificates and whatever else signet signs. */
import type { Clock } from "../base/mod.ts";
import type { CryptoProvider, SigningKey } from "../crypto/mod.ts";
import type { Histogram } from "../telemetry/mod.ts";

/** What timing needs. */
export interface SignatureTimer {
  /** Time. */
  readonly clock: Clock;
  /** Hears of each signature that was made, in seconds. */
  readonly seconds: Histogram;
}

/** The same provider; the keys that it imports tell `timer` how long they take to sign. */
export function timeSignatures(provider: CryptoProvider, timer: SignatureTimer): CryptoProvider {
  return {
    name: provider.name,
    source: provider.source,
    verify: (key, scheme, data, signature) => provider.verify(key, scheme, data, signature),
    generateKey: (spec) => provider.generateKey(spec),
    sha256: (data) => provider.sha256(data),
    importPrivateKey: async (pkcs8) => timedKey(await provider.importPrivateKey(pkcs8), timer),
  };
}

function timedKey(key: SigningKey, { clock, seconds }: SignatureTimer): SigningKey {
  const done = (startedMs: number) => seconds.observe((clock.monotonicMs() - startedMs) / 1000);
  return {
    kind: key.kind,
    spki: key.spki,
    scheme: key.scheme,
    sign(data) {
      const startedMs = clock.monotonicMs();
      const signing = key.sign(data);
      if (!(signing instanceof Promise)) {
        done(startedMs);
        return signing;
      }
      return signing.then((signature) => {
        done(startedMs);
        return signature;
      });
    },
    [Symbol.dispose]: () => key[Symbol.dispose](),
  };
}
