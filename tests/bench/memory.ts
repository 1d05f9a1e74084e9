/** Resident memory: idle, after many certificates on kept connections, and over many new connections. */
import { caclient, issueIdentity, type Load, tlsFlags } from "../support/caclient.ts";
import { findPeer } from "../support/peers.ts";
import { usageOf } from "../support/process.ts";
import { startUnlimited } from "./server.ts";

const SLICES = 10;

/** Megabytes (10^6) and a ratio. */
export interface Memory {
  readonly idleMb: number;
  readonly afterCertificatesMb: number;
  /** The largest of the last four tenths of the connections, over the sixth tenth. */
  readonly growth: number;
}

/** Measures with this many certificates on 4 kept connections, then on another server this many new connections. */
export async function measureMemory(
  executable: string,
  counts: { readonly certificates: number; readonly connections: number },
): Promise<Memory> {
  const client = findPeer("caclient");
  if (client === undefined) {
    throw new TypeError("Cannot measure: caclient is missing: scripts/deno task peers");
  }
  const kept = await startUnlimited(executable);
  await using _kept = kept;
  const idleMb = await residentMb(kept.pid);
  const flags = tlsFlags(kept, await issueIdentity(kept));
  const shape = ["-count", String(counts.certificates), "-concurrency", "32", "-connections", "4"];
  await mustLoad(client, ["load", ...flags, ...shape]);
  const afterCertificatesMb = await residentMb(kept.pid);

  const churned = await startUnlimited(executable);
  await using _churned = churned;
  const churnFlags = tlsFlags(churned, await issueIdentity(churned));
  const tenths: number[] = [];
  for (let slice = 0; slice < SLICES; slice++) {
    const size = [
      "-count",
      String(counts.connections / SLICES),
      "-concurrency",
      "16",
      "-mode",
      "mix",
    ];
    await mustLoad(client, ["churn", ...churnFlags, ...size, "-call", "issue"]);
    tenths.push(await residentMb(churned.pid));
  }
  return {
    idleMb,
    afterCertificatesMb,
    growth: Math.max(...tenths.slice(6)) / (tenths[5] ?? Number.NaN),
  };
}

async function mustLoad(client: string, args: readonly string[]): Promise<void> {
  const load = await caclient<Load>(client, args, { timeoutMs: 1_800_000 });
  if (load.errors > 0) {
    throw new TypeError(`Cannot measure: ${load.errors} failed: ${load.example}`);
  }
}

async function residentMb(pid: number): Promise<number> {
  return (await usageOf(pid)).residentBytes / 1e6;
}
