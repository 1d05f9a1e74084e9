/** dnsperf as the client: queries a second, what they cost the server, and how long answers take at a given pace. */
import { run, usageOf } from "../../support/process.ts";
import { type DnsTarget, needed } from "./servers.ts";

/** How queries are sent. */
export interface LoadShape {
  /** File of names. */
  readonly file: string;
  /** Connections. */
  readonly connections: number;
  /** Queries in flight, on all connections together. */
  readonly inFlight: number;
  /** With EDNS and the padding option, so that a server that pads answers 468 octets. */
  readonly padded: boolean;
  /** Length of the run. */
  readonly seconds: number;
  /** Queries a second; as many as can be without. */
  readonly pace?: number;
}

/** What a run came to. */
export interface Load {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

const PADDING = ["-e", "-E", "12:0000000000000000"];

function flags({ port }: DnsTarget, shape: LoadShape): readonly string[] {
  return [
    ...["-m", "dot", "-s", "127.0.0.1", "-p", String(port), "-T", "1", "-t", "5"],
    ...["-d", shape.file, "-c", String(shape.connections), "-q", String(shape.inFlight)],
    ...["-l", String(shape.seconds), ...(shape.padded ? PADDING : [])],
    ...(shape.pace === undefined ? [] : ["-Q", String(Math.round(shape.pace))]),
    ...["-O", "suppress=timeouts,congestion,sendfailed,unexpected"],
  ];
}

/**
 * Runs it once.
 *
 * @throws {TypeError} when one in a hundred queries or more got no answer, or the wrong one.
 */
export async function measureLoad(target: DnsTarget, shape: LoadShape): Promise<Load> {
  const before = await usageOf(target.pid);
  const { stdout, stderr } = await run(needed("dnsperf"), flags(target, shape));
  const after = await usageOf(target.pid);
  const read = (label: string) => Number(new RegExp(`${label}:\\s+([\\d.]+)`).exec(stdout)?.[1]);
  const completed = read("Queries completed");
  const good = Number(/NOERROR (\d+)/.exec(stdout)?.[1] ?? 0);
  if (!(good > 0.99 * read("Queries sent")) || good < 0.99 * completed) {
    throw new TypeError(`Cannot measure ${target.name}: ${stdout.slice(-2_000)}${stderr}`);
  }
  const perSecond = read("Queries per second");
  return { perSecond, perCpuSecond: completed / ((after.cpuUs - before.cpuUs) / 1e6) };
}

/** Runs it once at a pace and looks at every answer. */
export async function measureLatency(target: DnsTarget, shape: LoadShape): Promise<Latency> {
  const log = await Deno.makeTempFile({ prefix: "signet-bench-dnsperf-" });
  try {
    const args = flags(target, shape).map(quoted).join(" ");
    const { code, stderr } = await run("sh", ["-c", `${needed("dnsperf")} -v ${args} >${log}`]);
    if (code !== 0) throw new TypeError(`Cannot measure ${target.name}: ${stderr}`);
    const took = [...(await Deno.readTextFile(log)).matchAll(/^> NOERROR .* ([\d.]+)$/gm)]
      .map(([, seconds]) => Number(seconds) * 1000).sort((one, other) => one - other);
    const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN;
    return { p50: at(0.5), p99: at(0.99) };
  } finally {
    await Deno.remove(log);
  }
}

function quoted(text: string): string {
  return `'${text}'`;
}
