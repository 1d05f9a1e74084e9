// deno-lint-ignore-file no-console -- a program prints
/**
 * Measures everything of the README's table in one run, each beside its baseline, and writes the table.
 *
 * Usage: `scripts/deno task bench [--istiod] [--full]`. `--istiod` adds istiod as the baseline (it is built the first time, which takes
 * minutes); `--full` makes the memory rows as long as their targets say. `dist/signet` must have been compiled.
 */
import { cpus } from "node:os";
import { startSignet } from "../support/server.ts";
import { measureCertificates } from "./certificates.ts";
import { measureEchoes } from "./echo.ts";
import { measureInProcess } from "./in_process.ts";
import { measureMemory } from "./memory.ts";
import { measureStarts } from "./start.ts";

const EXECUTABLE = "dist/signet";
const BEGIN = "<!-- bench: begin -->";
const END = "<!-- bench: end -->";
const STARTS = 20;

/** A row of the table. */
interface Row {
  readonly what: string;
  readonly signet: string;
  readonly baseline: string;
  readonly ratio: string;
  readonly target: string;
}

async function main(args: readonly string[]): Promise<void> {
  const [istiod, full] = [args.includes("--istiod"), args.includes("--full")];
  const executable = await Deno.realPath(EXECUTABLE);
  const rows: Row[] = [];
  const add = (more: readonly Row[]) => {
    for (const row of more) {
      console.log(`${row.what}: ${row.signet}; ${row.baseline}; ${row.ratio}`);
    }
    rows.push(...more);
  };
  add(inProcessRows(await measureInProcess()));
  add(await certificateRows(executable, istiod));
  add(echoRows(await measureEchoes({ rounds: 5, requests: 200_000 })));
  add(startRows(await measureStarts(executable, STARTS)));
  add(await memoryRows(executable, full));
  await writeTable(rows);
}

function inProcessRows(
  { floorUs, opensslUs, webcryptoUs }: Awaited<ReturnType<typeof measureInProcess>>,
): Row[] {
  const floor = floorUs === undefined
    ? "no libcrypto here"
    : `${us(floorUs)}: OpenSSL's sign + verify by FFI`;
  const over = (value: number | undefined) =>
    value === undefined || floorUs === undefined ? "-" : (value / floorUs).toFixed(2);
  return [
    {
      what: "CSR to certificate in process, OpenSSL",
      signet: opensslUs === undefined ? "-" : us(opensslUs),
      baseline: floor,
      ratio: over(opensslUs),
      target: "at most 1.5",
    },
    {
      what: "CSR to certificate in process, Web Crypto",
      signet: us(webcryptoUs),
      baseline: floor,
      ratio: over(webcryptoUs),
      target: "none",
    },
  ];
}

async function certificateRows(executable: string, withIstiod: boolean): Promise<Row[]> {
  await using server = await startSignet({ executable });
  const sizes = { rounds: 5, kept: 20_000, reconnects: 3_000 };
  const { signet, istiod } = await measureCertificates(server, { ...sizes, istiod: withIstiod });
  const against = (own: number, other: number | undefined, unit: (value: number) => string) => ({
    signet: unit(own),
    baseline: other === undefined ? "run with --istiod" : `${unit(other)}: istiod`,
    ratio: other === undefined ? "-" : (own / other).toFixed(2),
  });
  return [
    {
      what: "Certificates a second over gRPC, 4 kept connections",
      ...against(signet.perSecond, istiod?.perSecond, (value) => value.toFixed(0)),
      target: "none",
    },
    {
      what: "Server CPU a certificate, kept connections",
      ...against(signet.keptUs, istiod?.keptUs, us),
      target: "at most 0.5",
    },
    {
      what: "Server CPU a certificate, a new TLS connection each",
      ...against(signet.reconnectUs, istiod?.reconnectUs, us),
      target: "at most 0.6",
    },
  ];
}

function echoRows({ signet, node }: Awaited<ReturnType<typeof measureEchoes>>): Row[] {
  return [{
    what: "Unary echoes a second over TLS, our HTTP/2",
    signet: signet.toFixed(0),
    baseline: `${node.toFixed(0)}: node:http2`,
    ratio: (signet / node).toFixed(1),
    target: "at least 4",
  }];
}

function startRows(
  { sourceMs, executableMs, emptyMs }: Awaited<ReturnType<typeof measureStarts>>,
): Row[] {
  const baseline = `${ms(emptyMs)}: an empty executable`;
  const row = (what: string, value: number, target: string) => ({
    what,
    signet: ms(value),
    baseline,
    ratio: `+${ms(value - emptyMs)}`,
    target,
  });
  return [
    row("Start to ready, executable", executableMs, "at most +200 ms"),
    row("Start to ready, source", sourceMs, "none"),
  ];
}

async function memoryRows(executable: string, full: boolean): Promise<Row[]> {
  const counts = full
    ? { certificates: 1_000_000, connections: 100_000 }
    : { certificates: 100_000, connections: 10_000 };
  const { idleMb, afterCertificatesMb, growth } = await measureMemory(executable, counts);
  const count = (value: number) => value.toLocaleString("en-US");
  const row = (what: string, signet: string, target: string) => ({
    what,
    signet,
    baseline: "-",
    ratio: "-",
    target,
  });
  return [
    row("Resident memory, idle", mb(idleMb), "none"),
    row(
      `Resident memory after ${count(counts.certificates)} certificates on 4 connections`,
      mb(afterCertificatesMb),
      full ? "at most 130 MB" : "at most 130 MB (after a million: --full)",
    ),
    row(
      `Growth over the last four tenths of ${count(counts.connections)} new connections`,
      `${((growth - 1) * 100).toFixed(1)} %`,
      full ? "at most 5 %" : "at most 5 % (of 100,000: --full)",
    ),
  ];
}

const us = (value: number) => `${value.toFixed(0)} us`;
const ms = (value: number) => `${value.toFixed(0)} ms`;
const mb = (value: number) => `${value.toFixed(0)} MB`;

async function writeTable(rows: readonly Row[]): Promise<void> {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Deno ${Deno.version.deno}`;
  const lines = [
    `One run on ${machine}.`,
    "",
    "| what | signet | baseline | ratio | target |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map((row) =>
      `| ${row.what} | ${row.signet} | ${row.baseline} | ${row.ratio} | ${row.target} |`
    ),
  ];
  const readme = await Deno.readTextFile("README.md");
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) {
    throw new TypeError(`Cannot write table: README.md should hold ${BEGIN} and ${END}`);
  }
  const table = `${BEGIN}\n\n${lines.join("\n")}\n\n`;
  await Deno.writeTextFile("README.md", readme.slice(0, from) + table + readme.slice(to));
}

if (import.meta.main) {
  Deno.chdir(new URL("../..", import.meta.url));
  await main(Deno.args);
}
