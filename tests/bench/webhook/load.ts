/** h2load as the API server: reviews a second, what they cost the server, and how long answers take, at full speed and at a pace. */
import { findPeer } from "../../support/peers.ts";
import { run, usageOf } from "../../support/process.ts";
import { BODIES, type ReviewPath } from "./reviews.ts";

/** A running server. */
export interface ReviewTarget {
  readonly name: "signet" | "istiod";
  readonly pid: number;
  /** `host:port` of HTTPS. */
  readonly addr: string;
}

/** What a run came to; milliseconds, and microseconds of CPU a review. */
export interface ReviewLoad {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

const IN_FLIGHT = 8;

/** Path of h2load. @throws {TypeError} when it is missing. */
function h2load(): string {
  const found = findPeer("h2load");
  if (found === undefined) {
    throw new TypeError("Cannot measure: h2load is missing (nghttp2-client)");
  }
  return found;
}

/**
 * Sends reviews on one connection, eight in flight, for some seconds; `pace` a second, or as many as can be.
 *
 * @throws {TypeError} when one was not answered with 200.
 */
export async function measureReviews(
  { addr, pid, name }: ReviewTarget,
  path: ReviewPath,
  { seconds, pace }: { readonly seconds: number; readonly pace?: number },
): Promise<ReviewLoad> {
  const dir = await Deno.makeTempDir({ prefix: "signet-bench-webhook-" });
  try {
    const [body, log] = [`${dir}/body.json`, `${dir}/log`];
    await Deno.writeTextFile(body, BODIES[path]);
    const paced = pace === undefined ? [] : ["--rps", String(Math.max(1, Math.round(pace)))];
    const before = await usageOf(pid);
    const { stdout, stderr } = await run(h2load(), [
      ...["-c", "1", "-m", String(IN_FLIGHT), "-t", "1", "-D", String(seconds), "-d", body],
      ...["-H", "content-type: application/json", `--log-file=${log}`, ...paced],
      `https://${addr}${path}`,
    ]);
    const after = await usageOf(pid);
    const lines = (await Deno.readTextFile(log)).trim().split("\n").map((line) => line.split("\t"));
    const bad = lines.filter(([, status]) => status !== "200").length;
    // Those under way when the time is over are not answered.
    if (lines.length < 10 || bad > IN_FLIGHT) {
      throw new TypeError(
        `Cannot measure ${name}: ${bad} of ${lines.length} failed ${stdout}${stderr}`,
      );
    }
    const took = lines.map(([, , us]) => Number(us) / 1000).toSorted((one, other) => one - other);
    const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN;
    return {
      perSecond: took.length / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      cpuUs: (after.cpuUs - before.cpuUs) / took.length,
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
