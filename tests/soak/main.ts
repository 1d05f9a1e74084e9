// deno-lint-ignore-file no-console -- a program prints
/** `deno task soak [MINUTES]`: an hour of everything at once, on `dist/signet` or what `SIGNET_EXECUTABLE` names. */
import { findPeer } from "../support/peers.ts";
import { soak } from "./soak.ts";

const DEFAULT_MINUTES = 60;

async function main(args: readonly string[]): Promise<number> {
  const minutes = args.length === 0 ? DEFAULT_MINUTES : Number(args[0]);
  if (!(minutes > 0) || args.length > 1) {
    console.error(`Usage: deno task soak [MINUTES], by default ${DEFAULT_MINUTES}`);
    return 2;
  }
  const [caclient, openssl] = [findPeer("caclient"), findPeer("openssl")];
  if (caclient === undefined || openssl === undefined) {
    console.error("Cannot soak: caclient or openssl is missing, run: scripts/deno task peers");
    return 1;
  }
  console.log(`soaking for ${minutes} minutes`);
  const { lines, faults } = await soak(minutes * 60, { caclient, openssl });
  for (const line of lines) console.log(line);
  for (const fault of faults) console.error(`FAULT ${fault}`);
  console.log(faults.length === 0 ? "soak passed" : `soak failed, ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
