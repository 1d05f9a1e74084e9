/**
 * The soak: issuance, churn, rotation, reload, tokens and DNS against two servers at once, for as long as one likes. Nothing good may fail,
 * memory stays level, logs hold no secret and no fault that is not accounted for.
 *
 * A failed request is one that did not end as it should, after what the client's library tries again by itself: grpc-go sends a call that
 * a GOAWAY refused unprocessed over the next connection. Nothing else is tried twice.
 */
import { type IdentityFiles, issueIdentity } from "../support/caclient.ts";
import { tempDir } from "../support/process.ts";
import { until } from "../support/until.ts";
import { joining, reloading, resolving, rotating } from "./activities.ts";
import { growthOfLastThird, tenths } from "./memory.ts";
import { openFiles, sampleMemory, scrape, type Soaked, type SoakRun, startRun } from "./run.ts";
import { startPluggedIn, startSelfSigned, verifyLast } from "./servers.ts";
import { type SoakCounts, startWorkloads } from "./workloads.ts";

const WORKLOADS = 4;
const SAMPLES = 240;
/** Fewer do not tell a trend; a busy machine takes some later than it should. */
const MIN_SAMPLES = SAMPLES / 2;
const SCRAPE_EVERY_MS = 2_000;
/** Files that may be open at the end beyond those at the start: the database of tokens and its log, opened with the first token. */
const MORE_FILES = 6;
/** What the last third of the run may grow by. Ten minutes and more have levelled off; a short run may only not run away. */
const MAX_GROWTH = { long: 1.1, short: 1.3 } as const;
const LONG_SECONDS = 600;
/** Warnings that belong to a soak, by event: the second use of a token. Its number is checked. */
const REFUSED_TOKEN = "warn ca.authentication_failed";
/** What a start says of options that have no effect yet. */
const AT_START = "warn config.notice";

/** What a soak found. */
export interface SoakReport {
  /** What was done and measured, a line each. */
  readonly lines: readonly string[];
  /** What should not have been; empty when all is well. */
  readonly faults: readonly string[];
}

/** Runs it. */
export async function soak(
  seconds: number,
  peers: { readonly caclient: string; readonly openssl: string },
): Promise<SoakReport> {
  await using dir = await tempDir();
  const own = await startSelfSigned(`${dir.path}/own`);
  await using _own = own.server;
  const { soaked: plugged, sets } = await startPluggedIn(`${dir.path}/plugged`, peers.openssl);
  await using _plugged = plugged.server;
  const servers = [own, plugged];
  const identity = await issueIdentity(own.server);
  const filesBefore = await Promise.all(servers.map(openFiles));
  await using ownLoad = startWorkloads(peers.caclient, own.server, {
    identity,
    workloads: WORKLOADS,
  });
  await using pluggedLoad = startWorkloads(peers.caclient, plugged.server, {
    identity: sets.identity,
    workloads: WORKLOADS,
  });
  const run = startRun(seconds);
  await Promise.all([
    run.repeat("rotation", run.pauseMs, rotating(run, own, ownLoad)),
    run.repeat("join token", run.pauseMs / 2, joining(run, own, peers.caclient)),
    run.repeat("DNS", 0, resolving(run, own)),
    run.repeat("reload", run.pauseMs, reloading(run, plugged, sets, peers.caclient)),
    ...servers.flatMap((each) => [
      run.repeat(`${each.name} memory`, seconds * 1000 / SAMPLES, () => sampleMemory(each)),
      run.repeat(`${each.name} metrics`, SCRAPE_EVERY_MS, async () => {
        await scrape(each, "signet_connections_open");
        run.count("metrics scraped");
      }),
    ]),
  ]);
  const loads = new Map([
    [own.name, await ownLoad.end()],
    [plugged.name, await pluggedLoad.end()],
  ]);
  const faults = [...run.failures, ...[...loads].flatMap(loadFaults)];
  const identities = [await issueIdentity(own.server, undefined, "final"), sets.identity];
  for (const [at, each] of servers.entries()) {
    const before = filesBefore[at]!;
    faults.push(...await stateFaults(each, { identity: identities[at]!, before, peers }));
    faults.push(...memoryFaults(each, seconds));
    faults.push(...logFaults(each, each === own ? run : undefined));
  }
  return { lines: [...countLines(run, loads), ...servers.map(serverLine)], faults };
}

function loadFaults([name, { failed, examples, issued, churned }]: [string, SoakCounts]) {
  if (issued === 0 || churned === 0) return [`${name}: no load`];
  return failed === 0 ? [] : [`${name}: ${failed} calls failed: ${examples.join("; ")}`];
}

/** Connections and files are given back, certificates verify, and the server stops as it should. */
async function stateFaults(
  each: Soaked,
  { identity, before, peers }: {
    readonly identity: IdentityFiles;
    readonly before: number;
    readonly peers: { readonly caclient: string; readonly openssl: string };
  },
): Promise<readonly string[]> {
  const ended = each.ended();
  if (ended !== undefined) return [`${each.name}: ended too early, exit code ${ended}`];
  const faults: string[] = [];
  const unverified = await verifyLast(each, identity, peers);
  if (unverified !== undefined) faults.push(`the last certificate: ${unverified}`);
  await until("every connection is closed", async () => {
    const open = await scrape(each, "signet_connections_open");
    return open === 0 && await openFiles(each) <= before + MORE_FILES || undefined;
  }).catch(async (thrown: unknown) => {
    const files = await openFiles(each);
    faults.push(`${String(thrown)}: ${files} files open, ${before} at the start`);
  });
  const code = await each.server.stop();
  if (code !== 0) faults.push(`exit code ${code}`);
  return faults.map((fault) => `${each.name}: ${fault}`);
}

function memoryFaults({ name, residentMb }: Soaked, seconds: number): readonly string[] {
  if (residentMb.length < MIN_SAMPLES) return [`${name}: ${residentMb.length} samples of memory`];
  const growth = growthOfLastThird(residentMb);
  const most = seconds >= LONG_SECONDS ? MAX_GROWTH.long : MAX_GROWTH.short;
  return growth <= most
    ? []
    : [`${name}: memory grew ${growth.toFixed(3)} times in the last third, at most ${most}`];
}

/** `run` is given for the server whose tokens are used twice. */
function logFaults({ name, log }: Soaked, run: SoakRun | undefined): readonly string[] {
  const faults = [...log.faults()];
  const refused = run?.counts.get("tokens refused the second time") ?? 0;
  const logged = log.events().get(REFUSED_TOKEN) ?? 0;
  if (logged !== refused) faults.push(`${refused} tokens were refused, ${logged} are in the log`);
  for (const [event, count] of log.events()) {
    if (event === REFUSED_TOKEN || event === AT_START) continue;
    faults.push(`${count} of ${event}: ${log.examples().get(event)}`);
  }
  return faults.map((fault) => `${name}: ${fault}`);
}

function countLines(run: SoakRun, loads: ReadonlyMap<string, SoakCounts>): readonly string[] {
  const counts = [...run.counts].map(([what, count]) => `${count} ${what}`);
  const calls = [...loads].map(([name, { issued, churned, connections, bundles }]) =>
    `${name}: ${issued} certificates over ${WORKLOADS} kept connections (${connections} in all), ` +
    `${churned} over a new one each; roots came ${bundles} times`
  );
  return [...calls, counts.join(", ")];
}

function serverLine({ name, log, residentMb }: Soaked): string {
  const memory = tenths(residentMb).map((mb) => mb.toFixed(0)).join(" ");
  const growth = residentMb.length < MIN_SAMPLES
    ? "unknown"
    : growthOfLastThird(residentMb).toFixed(3);
  return `${name}: resident MB by tenths ${memory}, last third ${growth}; ${log.lines()} log lines`;
}
