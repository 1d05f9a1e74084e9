/** Medians, ratios and CPU time. */
import process from "node:process";
import { usageOf } from "../support/process.ts";

/** The middle of `values`; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Times operations side by side: `rounds` rounds, in each of which every operation runs for `roundMs`, so that a slow moment of the
 * machine hits all of them. Gives microseconds of CPU an operation, the median of the rounds: of the main thread, which is the time that
 * passes on an idle machine, or of the whole process for operations on a thread pool. Other programs on the machine do not count.
 */
export async function timeSideBySide<Name extends string>(
  operations: Readonly<Record<Name, () => unknown>>,
  options: {
    readonly rounds: number;
    readonly roundMs: number;
    readonly cpu: "main thread" | "process";
  },
): Promise<Record<Name, number>> {
  const { roundMs } = options;
  const cpuUs = options.cpu === "process" ? processCpuUs : mainThreadCpuUs;
  const names = Object.keys(operations) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  // One round more: the first only warms up.
  for (let round = 0; round <= options.rounds; round++) {
    for (const name of names) {
      const us = await timeOne(operations[name], { roundMs, cpuUs });
      if (round > 0) taken[name].push(us);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(taken[name])])) as Record<
    Name,
    number
  >;
}

async function timeOne(
  operation: () => unknown,
  { roundMs, cpuUs }: { readonly roundMs: number; readonly cpuUs: () => number },
): Promise<number> {
  const untilMs = performance.now() + roundMs;
  const beforeUs = cpuUs();
  let count = 0;
  while (performance.now() < untilMs) {
    for (let n = 0; n < 20; n++) {
      const result = operation();
      if (result instanceof Promise) await result;
    }
    count += 20;
  }
  return (cpuUs() - beforeUs) / count;
}

/** CPU time of this process so far, all threads, in microseconds. */
function processCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU time of the thread that runs JavaScript so far, in microseconds; the kernel counts in nanoseconds. */
function mainThreadCpuUs(): number {
  const [ranNs] = Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/schedstat`).split(" ");
  return Number(ranNs) / 1_000;
}

/** CPU time that a process uses while `work` runs, in microseconds; the kernel counts in hundredths of a second. */
export async function cpuUsDuring(pid: number, work: () => Promise<void>): Promise<number> {
  const before = await usageOf(pid);
  await work();
  return (await usageOf(pid)).cpuUs - before.cpuUs;
}
