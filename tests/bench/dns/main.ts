// deno-lint-ignore-file no-console -- a program prints
/**
 * DNS over TLS beside CoreDNS and unbound: the same names, the same cores, one run. Writes the table of docs/dns.md.
 *
 * Usage: `scripts/deno task bench:dns [--seconds N] [--rounds N] [--only ROW,...] [--executable PATH]`
 *
 * Needs dnsperf, unbound and openssl (Debian has them), and Go for CoreDNS, which is built the first time. `dist/signet` must have been
 * compiled. A run takes about five minutes; with `--only` the rows whose names begin so are measured, and nothing is written.
 */
import { cpus } from "node:os";
import { median } from "../measure.ts";
import { measureFirstAnswer, measureHandshakes, measureIdle } from "./connections.ts";
import { type Load, type LoadShape, measureLatency, measureLoad } from "./dnsperf.ts";
import { type DnsTargets, type ServerName, startTargets } from "./servers.ts";
import { type DnsRow, formatDnsTable, writeDnsTable } from "./table.ts";
import { FORWARDED_NAMES, LOCAL_NAMES, queryFile } from "./zone.ts";

interface Options {
  readonly seconds: number;
  readonly rounds: number;
  readonly only: readonly string[];
  readonly executable: string;
}

function readOptions(args: readonly string[]): Options {
  const value = (flag: string) => args.flatMap((arg, at) => args[at - 1] === flag ? [arg] : [])[0];
  return {
    seconds: Number(value("--seconds") ?? 3),
    rounds: Number(value("--rounds") ?? 3),
    only: value("--only")?.split(",") ?? [],
    executable: value("--executable") ?? "dist/signet",
  };
}

type Shape = Omit<LoadShape, "file" | "seconds"> & {
  readonly id: string;
  readonly what: string;
  readonly forwarded?: boolean;
  readonly isBar?: boolean;
};

const SHAPES: readonly Shape[] = [
  ...([[10, 100], [100, 1000]] as const).flatMap(([connections, inFlight]): readonly Shape[] => {
    const what = `local names, ${connections} connections`;
    return [
      { id: `local${connections}`, what, connections, inFlight, padded: false },
      {
        id: `padded${connections}`,
        what: `${what}, EDNS and padding`,
        ...{ connections, inFlight, padded: true, isBar: true },
      },
    ];
  }),
  {
    id: "cached",
    what: "cached forwarded names, 10 connections, EDNS and padding",
    ...{ connections: 10, inFlight: 100, padded: true, forwarded: true },
  },
];
/** CoreDNS' figure times this. */
const QUERY_BAR = 1.5;
const IDLE_CONNECTIONS = 1_000;
const FIRST_ANSWERS = 50;

/** Measures one server of each kind after another, `rounds` times, and gives the medians. */
async function sideBySide(
  { all }: DnsTargets,
  rounds: number,
  measure: (target: DnsTargets["all"][number]) => Promise<number | undefined>,
): Promise<Readonly<Record<ServerName, number | undefined>>> {
  const figures: Record<ServerName, number[]> = { signet: [], coredns: [], unbound: [] };
  for (let round = 0; round < rounds; round++) {
    for (const target of all) {
      const figure = await measure(target);
      if (figure !== undefined) figures[target.name].push(figure);
    }
  }
  const of = (name: ServerName) => figures[name].length === 0 ? undefined : median(figures[name]);
  return { signet: of("signet"), coredns: of("coredns"), unbound: of("unbound") };
}

async function loadRows(
  targets: DnsTargets,
  { id, what, forwarded, isBar, ...how }: Shape,
  { seconds, rounds, dir }: Options & { readonly dir: string },
): Promise<readonly DnsRow[]> {
  const file = `${dir}/${forwarded ? "forwarded" : "local"}`;
  const shape = { ...how, file, seconds };
  const loads: Record<ServerName, Load[]> = { signet: [], coredns: [], unbound: [] };
  // Once for each server without counting: code is compiled and caches fill.
  for (const target of targets.all) await measureLoad(target, { ...shape, seconds: 1 });
  await sideBySide(targets, rounds, async (target) => {
    loads[target.name].push(await measureLoad(target, shape));
    return undefined;
  });
  const of = (figure: keyof Load) => ({
    signet: median(loads.signet.map((load) => load[figure])),
    coredns: median(loads.coredns.map((load) => load[figure])),
    unbound: median(loads.unbound.map((load) => load[figure])),
  });
  const bar = isBar === true ? { times: QUERY_BAR } : undefined;
  return [
    { id: `${id}.q`, what: `queries a second: ${what}`, unit: "count", ...of("perSecond"), bar },
    {
      id: `${id}.cpu`,
      what: `queries a CPU second: ${what}`,
      unit: "count",
      ...of("perCpuSecond"),
      bar,
    },
  ];
}

async function latencyRows(
  targets: DnsTargets,
  { seconds, dir }: Options & { readonly dir: string },
  half: Readonly<Record<ServerName, number>>,
): Promise<readonly DnsRow[]> {
  const p50: Partial<Record<ServerName, number>> = {};
  const p99: Partial<Record<ServerName, number>> = {};
  for (const target of targets.all) {
    const shape = { connections: 10, inFlight: 100, padded: true, file: `${dir}/local`, seconds };
    const latency = await measureLatency(target, { ...shape, pace: half[target.name] });
    p50[target.name] = latency.p50;
    p99[target.name] = latency.p99;
  }
  const what = "half of its own load, 10 connections, EDNS and padding";
  return [
    { id: "half.p50", what: `p50 at ${what}`, unit: "ms", ...complete(p50) },
    { id: "half.p99", what: `p99 at ${what}`, unit: "ms", ...complete(p99) },
  ];
}

function complete(figures: Partial<Record<ServerName, number>>) {
  const { signet, coredns, unbound } = figures;
  return { signet, coredns, unbound };
}

async function connectionRows(
  targets: DnsTargets,
  { seconds, rounds }: Options,
): Promise<readonly DnsRow[]> {
  const { client } = targets;
  const idle = await sideBySide(targets, 1, (target) => measureIdle(target, IDLE_CONNECTIONS));
  const plain = await sideBySide(
    targets,
    rounds,
    (target) => measureHandshakes(target, { port: target.port, seconds }),
  );
  const mutual = await sideBySide(targets, rounds, async (target) => {
    const { mutualPort: port } = target;
    return port === undefined ? undefined : await measureHandshakes(target, {
      ...{ port, seconds, client },
    });
  });
  const first = (nagle: boolean) =>
    sideBySide(
      targets,
      1,
      (target) => measureFirstAnswer(target, { rounds: FIRST_ANSWERS, nagle }),
    );
  const what = "first answer on a new connection";
  return [
    {
      id: "handshakes",
      what: "full handshakes a CPU second",
      unit: "count",
      ...plain,
      bar: { times: 1 },
    },
    {
      id: "handshakes.mutual",
      what: "the same with a client certificate",
      unit: "count",
      ...mutual,
      bar: { times: 1 },
    },
    {
      id: "first.nagle",
      what: `${what}, client with Nagle's algorithm`,
      unit: "ms",
      ...await first(true),
      bar: { below: 1 },
    },
    { id: "first", what: `${what}, without`, unit: "ms", ...await first(false), bar: { below: 1 } },
    {
      id: "idle",
      what: `memory an idle connection, ${IDLE_CONNECTIONS.toLocaleString("en-US")} of them`,
      unit: "kB",
      ...idle,
      bar: { below: 50 },
    },
  ];
}

/** Figures as they come, for who waits. */
function show(rows: readonly DnsRow[]): void {
  for (const row of rows) {
    const [signet, coredns, unbound] = [row.signet, row.coredns, row.unbound]
      .map((figure) => figure?.toFixed(row.unit === "ms" ? 3 : 0) ?? "-");
    console.log(`${row.id}: signet ${signet}, CoreDNS ${coredns}, unbound ${unbound}`);
  }
}

async function measureAll(targets: DnsTargets, options: Options & { readonly dir: string }) {
  const rows: DnsRow[] = [];
  const isWanted = (id: string) =>
    options.only.length === 0 || options.only.some((begin) => id.startsWith(begin));
  const add = (more: readonly DnsRow[]) => {
    show(more);
    rows.push(...more);
  };
  const connections = isWanted("connections") ? await connectionRows(targets, options) : [];
  show(connections);
  for (const shape of SHAPES) {
    if (isWanted(shape.id)) add(await loadRows(targets, shape, options));
  }
  const full = rows.find(({ id }) => id === "padded10.q");
  if (isWanted("half") && full?.signet && full.coredns && full.unbound) {
    const half = { signet: full.signet / 2, coredns: full.coredns / 2, unbound: full.unbound / 2 };
    add(await latencyRows(targets, options, half));
  }
  // Last in the table, first to be measured: what load leaves behind would hide what an idle connection takes.
  return [...rows, ...connections];
}

async function main(options: Options): Promise<void> {
  const executable = await Deno.realPath(options.executable);
  const dir = await Deno.makeTempDir({ prefix: "signet-bench-queries-" });
  try {
    await Deno.writeTextFile(`${dir}/local`, queryFile(LOCAL_NAMES));
    await Deno.writeTextFile(`${dir}/forwarded`, queryFile(FORWARDED_NAMES));
    await using targets = await startTargets(executable);
    const rows = await measureAll(targets, { ...options, dir });
    if (options.only.length > 0) return;
    const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`;
    await writeDnsTable(formatDnsTable(rows, machine));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  Deno.chdir(new URL("../../..", import.meta.url));
  await main(readOptions(Deno.args));
}
