/** The frame of a soak: activities that repeat side by side until the time is over, and what became of them. */
import { usageOf } from "../support/process.ts";
import type { SignetServer } from "../support/server.ts";
import { type LogWatch, watchLog } from "./log_watch.ts";

/** A server under soak. */
export interface Soaked {
  /** What reports call it. */
  readonly name: string;
  /** The server. */
  readonly server: SignetServer;
  /** Its log. */
  readonly log: LogWatch;
  /** Resident memory over time, in megabytes. */
  readonly residentMb: number[];
  /** The exit code of a server that has ended; a soak does not expect that. */
  ended(): number | undefined;
}

/** What all activities share. */
export interface SoakRun {
  /** Pause between two rounds of a slow activity. */
  readonly pauseMs: number;
  /** How often each thing was done. */
  readonly counts: Map<string, number>;
  /** What failed: the first few, in words. */
  readonly failures: string[];
  /** Counts one thing. */
  count(what: string): void;
  /** Repeats `round`, each round `everyMs` after the one before, until the time is over. A round that throws is a failure. */
  repeat(name: string, everyMs: number, round: () => Promise<void>): Promise<void>;
  /** Resolves when every round that is going on now has ended; the caller's own does not count. */
  settled(own: string): Promise<void>;
  /** Waits, but not past the end. */
  pause(ms: number): Promise<void>;
}

const KEPT_FAILURES = 20;

/** Starts the clock. */
export function startRun(seconds: number): SoakRun {
  const began = performance.now();
  const endsAt = began + seconds * 1000;
  const counts = new Map<string, number>();
  const failures: string[] = [];
  const inFlight = new Map<string, Promise<void>>();
  const pause = (ms: number) =>
    new Promise<void>((resolve) =>
      setTimeout(resolve, Math.max(0, Math.min(ms, endsAt - performance.now())))
    );
  return {
    pauseMs: Math.min(20_000, Math.max(1_000, seconds * 1000 / 60)),
    counts,
    failures,
    pause,
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    async repeat(name, everyMs, round) {
      while (performance.now() < endsAt) {
        const going = round().catch((thrown: unknown) => {
          const second = ((performance.now() - began) / 1000).toFixed(1);
          if (failures.length < KEPT_FAILURES) {
            failures.push(`${name}, second ${second}: ${String(thrown)}`);
          }
        });
        inFlight.set(name, going);
        await going;
        inFlight.delete(name);
        await pause(everyMs);
      }
    },
    async settled(own) {
      await Promise.all([...inFlight].flatMap(([name, going]) => name === own ? [] : [going]));
    },
  };
}

/** Puts a server under watch. `start` is given what its log goes to. */
export async function soaked(
  name: string,
  start: (onOutput: LogWatch["take"]) => Promise<SignetServer>,
): Promise<Soaked> {
  const log = watchLog();
  const server = await start(log.take);
  let code: number | undefined;
  void server.exited.then((exitCode) => code = exitCode);
  return { name, server, log, residentMb: [], ended: () => code };
}

/** Notes how much memory a server holds. */
export async function sampleMemory({ server, residentMb }: Soaked): Promise<void> {
  residentMb.push((await usageOf(server.pid)).residentBytes / 1e6);
}

/** Open file descriptors of a server. */
export async function openFiles({ server }: Soaked): Promise<number> {
  let count = 0;
  for await (const _entry of Deno.readDir(`/proc/${server.pid}/fd`)) count++;
  return count;
}

/** Scrapes the metrics as a monitoring system does, and gives the sum of one metric over its labels. */
export async function scrape({ server }: Soaked, metric: string): Promise<number> {
  const response = await fetch(`http://${server.addr("monitoring")}/metrics`);
  const text = await response.text();
  if (response.status !== 200) throw new TypeError(`/metrics answered ${response.status}`);
  const lines = text.split("\n").filter((line) =>
    line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)
  );
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
