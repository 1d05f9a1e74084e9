// deno-lint-ignore-file no-console -- a program prints
/** `deno task fuzz:dns [MINUTES [SEED]]`: malformed DNS over TLS, on `dist/signet` or what `SIGNET_EXECUTABLE` names. */
import { fuzzDns } from "./dns.ts";

const DEFAULT_MINUTES = 60;

async function main([minutesText, seedText, ...more]: readonly string[]): Promise<number> {
  const minutes = Number(minutesText ?? DEFAULT_MINUTES);
  const seed = Number(seedText ?? Date.now() % 1_000_000);
  if (!(minutes > 0) || !Number.isInteger(seed) || more.length > 0) {
    console.error(`Usage: deno task fuzz:dns [MINUTES [SEED]], by default ${DEFAULT_MINUTES}`);
    return 2;
  }
  console.log(`fuzzing for ${minutes} minutes with seed ${seed}`);
  const { lines, faults } = await fuzzDns(minutes * 60, seed);
  for (const line of lines) console.log(line);
  for (const fault of faults) console.error(`FAULT ${fault}`);
  console.log(faults.length === 0 ? "fuzzing passed" : `fuzzing failed, ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
