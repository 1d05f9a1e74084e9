// deno-lint-ignore-file no-console -- a program prints
/**
 * The admission webhooks beside istiod's: reviews with Istio's own sidecar template, and how soon roots are where workloads find them.
 * Writes the table of docs/webhook.md.
 *
 * Usage: `scripts/deno task bench:webhook [--seconds N] [--rounds N] [--only reviews|distribution] [--executable PATH]`
 *
 * Needs h2load, and Go for istiod, which is built the first time. `dist/signet` must have been compiled. A run takes about four minutes;
 * with `--only` the other part is left out, and nothing is written.
 */
import { cpus } from "node:os";
import { findPeer } from "../../support/peers.ts";
import { shippedByIstio, type ShippedInjection } from "../../support/istio_injection.ts";
import { startSignet } from "../../support/server.ts";
import { startIstiod } from "../istiod/istiod.ts";
import { median } from "../measure.ts";
import { measureReviews, type ReviewLoad, type ReviewTarget } from "./load.ts";
import { measureDistribution } from "./namespaces.ts";
import type { ReviewPath } from "./reviews.ts";
import { formatWebhookTable, type WebhookRow, writeWebhookTable } from "./table.ts";

interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly only: string | undefined;
  readonly executable: string;
}

function readOptions(args: readonly string[]): Options {
  const value = (flag: string) => args.flatMap((arg, at) => args[at - 1] === flag ? [arg] : [])[0];
  return {
    seconds: Number(value("--seconds") ?? 4),
    rounds: Number(value("--rounds") ?? 3),
    only: value("--only"),
    executable: value("--executable") ?? "dist/signet",
  };
}

/** Namespaces that a changed root is brought to. */
const NAMESPACES = 1_000;
const REPAIRS = 11;
const OUTAGE_MS = 20_000;

/** Full speed and half of it, side by side, the medians of the rounds. */
async function measurePath(
  targets: readonly ReviewTarget[],
  path: ReviewPath,
  { seconds, rounds }: Options,
): Promise<Readonly<Record<ReviewTarget["name"], { full: ReviewLoad; half: ReviewLoad }>>> {
  const full: Record<string, ReviewLoad[]> = {};
  const half: Record<string, ReviewLoad[]> = {};
  // One round more: the first only warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const target of targets) {
      const load = await measureReviews(target, path, { seconds });
      if (round > 0) (full[target.name] ??= []).push(load);
    }
  }
  const of = (loads: readonly ReviewLoad[], field: keyof ReviewLoad) =>
    median(loads.map((load) => load[field]));
  const middle = (loads: readonly ReviewLoad[]): ReviewLoad => ({
    perSecond: of(loads, "perSecond"),
    p50Ms: of(loads, "p50Ms"),
    p99Ms: of(loads, "p99Ms"),
    cpuUs: of(loads, "cpuUs"),
  });
  for (let round = 0; round < rounds; round++) {
    for (const target of targets) {
      const pace = middle(full[target.name]!).perSecond / 2;
      (half[target.name] ??= []).push(await measureReviews(target, path, { seconds, pace }));
    }
  }
  const result = (name: ReviewTarget["name"]) => ({
    full: middle(full[name]!),
    half: middle(half[name]!),
  });
  return { signet: result("signet"), istiod: result("istiod") };
}

async function reviewRows(options: Options): Promise<readonly WebhookRow[]> {
  const istioinject = findPeer("istioinject");
  if (istioinject === undefined) throw new TypeError("Cannot measure: istioinject is missing");
  const inject = filesOf(await shippedByIstio(istioinject));
  const cwd = await Deno.makeTempDir({ prefix: "signet-bench-webhook-" });
  try {
    await writeInjection(cwd, inject);
    const executable = await Deno.realPath(options.executable);
    await using server = await startSignet({ executable, cwd });
    const istiod = await startIstiod(`${server.stateDir}/ca/current`, { inject });
    try {
      const targets: readonly ReviewTarget[] = [
        { name: "signet", pid: server.pid, addr: server.addr("https") },
        { name: "istiod", pid: istiod.pid, addr: istiod.httpsAddr },
      ];
      const injecting = await measurePath(targets, "/inject", options);
      const validating = await measurePath(targets, "/validate", options);
      return [...rowsOf("injection", injecting), ...rowsOf("validation", validating)];
    } finally {
      await istiod.stop();
    }
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

function rowsOf(
  what: "injection" | "validation",
  { signet, istiod }: Awaited<ReturnType<typeof measurePath>>,
): readonly WebhookRow[] {
  const injects = what === "injection";
  const row = (
    name: string,
    unit: WebhookRow["unit"],
    of: (from: typeof signet) => number,
    bar?: WebhookRow["bar"],
  ): WebhookRow => ({
    ...{ what: name, unit, signet: of(signet), istiod: of(istiod) },
    ...(bar === undefined || !injects ? {} : { bar }),
  });
  return [
    row(`${what}s a second, 8 in flight`, "", ({ full }) => full.perSecond, { atLeastTimes: 2 }),
    row("p50", "ms", ({ full }) => full.p50Ms),
    row("p99", "ms", ({ full }) => full.p99Ms),
    row(`CPU of the server, each ${what}`, "us", ({ full }) => full.cpuUs, { atMostTimes: 0.5 }),
    row("p99 at half of that rate", "ms", ({ half }) => half.p99Ms, { atMost: 20 }),
  ];
}

/** The files of the injector: Istio's templates and the values of its charts. */
function filesOf({ templates, values }: ShippedInjection): Readonly<Record<string, string>> {
  const config = { policy: "enabled", defaultTemplates: ["sidecar"], templates };
  return { config: JSON.stringify(config), values: JSON.stringify(values) };
}

async function writeInjection(cwd: string, files: Readonly<Record<string, string>>): Promise<void> {
  const directory = `${cwd}/var/lib/istio/inject`;
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
}

async function distributionRows({ executable }: Options): Promise<readonly WebhookRow[]> {
  const figures = await measureDistribution(await Deno.realPath(executable), {
    ...{ namespaces: NAMESPACES, repairs: REPAIRS, outageMs: OUTAGE_MS },
  });
  return [
    {
      ...{ what: "one edited ConfigMap repaired", unit: "s", signet: figures.repairSeconds },
      bar: { atMost: 0.3 },
    },
    {
      what: `a changed root in ${NAMESPACES.toLocaleString("en-US")} namespaces`,
      ...{ unit: "s", signet: figures.rootSeconds },
    },
    {
      what: `a new namespace after the API server was away for ${OUTAGE_MS / 1000} s`,
      ...{ unit: "s", signet: figures.afterOutageSeconds },
      bar: { atMost: 5 },
    },
  ];
}

async function main(options: Options): Promise<void> {
  const parts = { reviews: reviewRows, distribution: distributionRows };
  const rows: WebhookRow[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (options.only !== undefined && options.only !== name) continue;
    const more = await measure(options);
    for (const { what, signet, istiod, unit } of more) {
      console.log(
        `${what}: signet ${signet.toFixed(2)}, istiod ${istiod?.toFixed(2) ?? "-"} ${unit}`,
      );
    }
    rows.push(...more);
  }
  if (options.only !== undefined) return;
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`;
  await writeWebhookTable(formatWebhookTable(rows, machine));
}

if (import.meta.main) {
  Deno.chdir(new URL("../../..", import.meta.url));
  await main(readOptions(Deno.args));
}
