/** A herd: many clients within one second, each with a new TLS connection and a CSR for a key of its own. */
import { caclient, type Herd, issueIdentity, tlsFlags } from "../support/caclient.ts";
import { findPeer } from "../support/peers.ts";
import { startSignet } from "../support/server.ts";
import { cpuUsDuring } from "./measure.ts";

/** What a herd of `clients` got, and what it cost the server. */
export interface HerdCost extends Herd {
  /** Server CPU a client, in microseconds. */
  readonly cpuUs: number;
}

/** Measures one herd of `clients` on a fresh server. */
export async function measureHerd(executable: string, clients: number): Promise<HerdCost> {
  const client = findPeer("caclient");
  if (client === undefined) {
    throw new TypeError("Cannot measure: caclient is missing: scripts/deno task peers");
  }
  await using server = await startSignet({ executable });
  const flags = tlsFlags(server, await issueIdentity(server));
  let herd: Herd | undefined;
  const cpuUs = await cpuUsDuring(server.pid, async () => {
    const args = ["herd", ...flags, "-count", String(clients)];
    herd = await caclient<Herd>(client, args, { timeoutMs: 300_000 });
  });
  if (herd?.served !== clients) throw new TypeError(`Cannot measure: ${JSON.stringify(herd)}`);
  return { ...herd, cpuUs: cpuUs / clients };
}
