/** Start to ready: the source, the executable, and as its floor an executable that does nothing. */
import { run } from "../support/process.ts";
import { type SignetOptions, spawnSignet, untilReady } from "../support/server.ts";
import { median } from "./measure.ts";

/** Milliseconds, medians. */
export interface Starts {
  readonly sourceMs: number;
  readonly executableMs: number;
  readonly emptyMs: number;
}

/** Measures `count` starts of each, alternating; each starts with a new state directory. */
export async function measureStarts(executable: string, count: number): Promise<Starts> {
  const dir = await Deno.makeTempDir({ prefix: "signet-start-" });
  try {
    const empty = await compileEmpty(dir);
    const taken = {
      sourceMs: [] as number[],
      executableMs: [] as number[],
      emptyMs: [] as number[],
    };
    for (let n = 0; n < count; n++) {
      taken.emptyMs.push(await timed(async () => void await run(empty, [])));
      taken.executableMs.push(await startToReady({ executable }));
      taken.sourceMs.push(await startToReady({}));
    }
    return {
      sourceMs: median(taken.sourceMs),
      executableMs: median(taken.executableMs),
      emptyMs: median(taken.emptyMs),
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function compileEmpty(dir: string): Promise<string> {
  await Deno.writeTextFile(`${dir}/empty.js`, "");
  const output = `${dir}/empty`;
  const args = [
    "compile",
    "--quiet",
    "--no-config",
    "--no-check",
    "--output",
    output,
    `${dir}/empty.js`,
  ];
  const { code, stderr } = await run(Deno.execPath(), args, { timeoutMs: 300_000 });
  if (code !== 0) throw new TypeError(`Cannot measure: deno compile: ${stderr}`);
  return output;
}

async function startToReady(options: SignetOptions): Promise<number> {
  const startedMs = performance.now();
  await using server = await spawnSignet(options);
  await untilReady(server);
  return performance.now() - startedMs;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
