/** Certificates over gRPC with mutual TLS: calls a second and server CPU a certificate, on kept connections and with a new one each. */
import { caclient, issueIdentity, type Load } from "../support/caclient.ts";
import { findPeer } from "../support/peers.ts";
import type { SignetServer } from "../support/server.ts";
import { type Istiod, startIstiod } from "./istiod/istiod.ts";
import { cpuUsDuring, median } from "./measure.ts";

/** What one server costs. */
export interface CertificateCost {
  /** Certificates a second on 4 kept connections, 32 calls in flight. */
  readonly perSecond: number;
  /** Server CPU a certificate on kept connections, in microseconds. */
  readonly keptUs: number;
  /** Server CPU a certificate with a new TLS connection each, in microseconds. */
  readonly reconnectUs: number;
}

/** Sizes of a run. */
export interface CertificateSizes {
  readonly rounds: number;
  readonly kept: number;
  readonly reconnects: number;
}

interface Target {
  readonly pid: number;
  readonly flags: readonly string[];
}

/** Measures signet and, when asked to, istiod with the same CA key and the same client, in alternating rounds. */
export async function measureCertificates(
  server: SignetServer,
  options: CertificateSizes & { readonly istiod: boolean },
): Promise<{ readonly signet: CertificateCost; readonly istiod: CertificateCost | undefined }> {
  const client = findPeer("caclient");
  if (client === undefined) {
    throw new TypeError("Cannot measure: caclient is missing: scripts/deno task peers");
  }
  const identity = await issueIdentity(server);
  const own = ["-roots", identity.roots, "-cert", identity.cert, "-key", identity.key];
  const signet = {
    pid: server.pid,
    flags: ["-addr", server.addr("secureGrpc"), "-server-name", "localhost", ...own],
  };
  let other: Istiod | undefined;
  try {
    if (options.istiod) other = await startIstiod(`${server.stateDir}/ca/current`);
    const baseline = other && {
      pid: other.pid,
      flags: ["-addr", other.addr, "-server-name", other.serverName, ...own],
    };
    const rows = { signet: emptyRounds(), istiod: emptyRounds() };
    for (let round = 0; round <= options.rounds; round++) {
      await addRound(client, signet, rows.signet, options, round > 0);
      if (baseline) await addRound(client, baseline, rows.istiod, options, round > 0);
    }
    return { signet: costOf(rows.signet), istiod: baseline && costOf(rows.istiod) };
  } finally {
    await other?.stop();
  }
}

interface Rounds {
  readonly perSecond: number[];
  readonly keptUs: number[];
  readonly reconnectUs: number[];
}

function emptyRounds(): Rounds {
  return { perSecond: [], keptUs: [], reconnectUs: [] };
}

function costOf(rounds: Rounds): CertificateCost {
  return {
    perSecond: median(rounds.perSecond),
    keptUs: median(rounds.keptUs),
    reconnectUs: median(rounds.reconnectUs),
  };
}

/** One round; the first of a server only warms it up. */
async function addRound(
  client: string,
  target: Target,
  rounds: Rounds,
  sizes: CertificateSizes,
  counts: boolean,
): Promise<void> {
  const run = async (count: number, more: readonly string[]) => {
    let load: Load | undefined;
    const cpuUs = await cpuUsDuring(target.pid, async () => {
      const args = ["load", ...target.flags, "-count", String(count), ...more];
      load = await caclient<Load>(client, args, { timeoutMs: 600_000 });
    });
    if (load === undefined || load.errors > 0) {
      throw new TypeError(`Cannot measure: ${load?.example}`);
    }
    return { perSecond: load.perSecond, us: cpuUs / count };
  };
  const kept = await run(sizes.kept, ["-concurrency", "32", "-connections", "4"]);
  const reconnect = await run(sizes.reconnects, ["-concurrency", "16", "-reconnect"]);
  if (!counts) return;
  rounds.perSecond.push(kept.perSecond);
  rounds.keptUs.push(kept.us);
  rounds.reconnectUs.push(reconnect.us);
}
