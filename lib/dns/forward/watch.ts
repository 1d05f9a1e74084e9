/**
 * Forwarding as a part of the server: to the servers of `--dnsUpstream`, or to those of resolv.conf, which is followed by its content, as
 * DHCP clients and Kubernetes write it anew.
 */
import {
  type Clock,
  createTaskGroup,
  messageOf,
  quote,
  SignetError,
  sleep,
} from "../../base/mod.ts";
import { randomBytes } from "../../crypto/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../../telemetry/mod.ts";
import type { Forwarder } from "../port.ts";
import { createForwardCounters } from "./counters.ts";
import { createForwarder, type ForwardSettings } from "./forwarder.ts";
import { parseResolvConf } from "./resolv_conf.ts";
import { createServer } from "./server.ts";
import { UpstreamServers } from "./servers.ts";
import { createStreamCarrier } from "./stream/client.ts";
import { createUdpCarrier } from "./udp/client.ts";
import { MAX_UPSTREAMS, parseUpstream } from "./upstream.ts";

/** Time between two looks at resolv.conf, in milliseconds. */
const LOOK_MS = 1_000;
/** A resolv.conf has a few hundred octets. */
const MAX_FILE_BYTES = 1 << 20;

/** Settings of {@linkcode openForwarder}. */
export interface ForwardConfig extends ForwardSettings {
  /** Servers as `--dnsUpstream` names them; empty for those of `resolvConf`. */
  readonly upstreams: readonly string[];
  /** Path of resolv.conf. */
  readonly resolvConf: string;
  /** File with the roots of servers over TLS; `undefined` takes those of the platform. */
  readonly rootsFile: string | undefined;
}

/** What forwarding needs of the world. */
export interface ForwardHost {
  /** Time. */
  readonly clock: Clock;
  /** For servers that change, go down and come back. */
  readonly logger: Logger;
  /** For counters. */
  readonly metrics: Metrics;
}

/**
 * Opens a forwarder. A resolv.conf that cannot be read, or names no server, is logged; questions are answered with SERVFAIL until it does.
 *
 * @throws {SignetError} `config.bad_value` for a server that cannot be used; `config.unreadable` for the file of roots.
 */
export async function openForwarder(config: ForwardConfig, host: ForwardHost): Promise<Forwarder> {
  const { clock, metrics } = host;
  const logger = host.logger.scoped("dns");
  const named = config.upstreams.map(parseUpstream);
  if (named.length > MAX_UPSTREAMS) {
    throw new SignetError("config.bad_value", tooMany(config.upstreams));
  }
  const rootsPem = config.rootsFile === undefined ? undefined : await readRoots(config.rootsFile);
  const servers: UpstreamServers = new UpstreamServers({
    clock,
    randomBytes,
    logger,
    onBetter: () => forwarder.forgetFailures(),
    create: (upstream) =>
      createServer(upstream, {
        clock,
        randomBytes,
        onHealth: (server) => servers.healthChanged(server),
        carrier: (upstream, transport) =>
          transport === "udp"
            ? createUdpCarrier(upstream, { randomBytes })
            : createStreamCarrier(upstream, { clock, randomBytes, rootsPem }),
      }),
  });
  const onError = (thrown: unknown) =>
    logger.error(EVENT.taskFailed, "Failed while asking an upstream server", {}, thrown);
  const counters = createForwardCounters(metrics);
  const forwarder = createForwarder(config, { clock, servers, counters, onError });
  metrics.computedGauge(METRIC.dnsCacheEntries, () => forwarder.cache.size);
  metrics.computedGauge(METRIC.dnsCacheBytes, () => forwarder.cache.bytes);
  metrics.computedGauge(METRIC.dnsUpstreamsDown, () => servers.unusable);
  const tasks = createTaskGroup({ onError: (_, thrown) => onError(thrown) });
  if (named.length > 0) await servers.replace(named);
  else await followResolvConf(config.resolvConf, { servers, clock, logger, tasks });
  tasks.run("look after upstream servers", (signal) => servers.look(signal));
  return {
    forward: (question) => forwarder.forward(question),
    async [Symbol.asyncDispose]() {
      await tasks[Symbol.asyncDispose]();
      await forwarder[Symbol.asyncDispose]();
      await servers[Symbol.asyncDispose]();
    },
  };
}

/** What a look at the settings of forwarding found. */
export interface ForwardFinding {
  /** The option that it is about. */
  readonly option: "--dnsUpstream" | "--dnsResolvConf" | "--dnsUpstreamCa";
  /** `wrong` and `unusable` end a start; a `doubt` is logged by it. */
  readonly verdict: "good" | "doubt" | "wrong" | "unusable";
  /** What is. */
  readonly detail: string;
}

/** What {@linkcode openForwarder} would make of the settings, every fault of them; nothing is asked. */
export async function checkForward(
  config: Pick<ForwardConfig, "upstreams" | "resolvConf" | "rootsFile">,
): Promise<readonly ForwardFinding[]> {
  const findings = config.upstreams.length > 0
    ? checkNamed(config.upstreams)
    : await checkResolvConf(config.resolvConf);
  if (config.rootsFile === undefined) return findings;
  const option = "--dnsUpstreamCa";
  try {
    await readRoots(config.rootsFile);
    return [...findings, { option, verdict: "good", detail: config.rootsFile }];
  } catch (thrown) {
    return [...findings, { option, verdict: "unusable", detail: messageOf(thrown) }];
  }
}

function checkNamed(upstreams: readonly string[]): readonly ForwardFinding[] {
  const option = "--dnsUpstream";
  const findings: ForwardFinding[] = upstreams.map((text) => {
    try {
      return { option, verdict: "good", detail: parseUpstream(text).label };
    } catch (thrown) {
      return { option, verdict: "wrong", detail: messageOf(thrown) };
    }
  });
  if (upstreams.length <= MAX_UPSTREAMS) return findings;
  return [...findings, { option, verdict: "wrong", detail: tooMany(upstreams) }];
}

async function checkResolvConf(path: string): Promise<readonly ForwardFinding[]> {
  const option = "--dnsResolvConf";
  const { content, unreadable } = await readResolvConf(path);
  const { upstreams, refused } = parseResolvConf(content);
  const until = "other names get SERVFAIL until it names a server";
  const found: ForwardFinding = upstreams.length > 0
    ? {
      option,
      verdict: "good",
      detail: `${path}: ${upstreams.map(({ label }) => label).join(", ")}`,
    }
    : {
      option,
      verdict: "doubt",
      detail: `${path}: ${unreadable ?? "no server is named"}; ${until}`,
    };
  return [
    found,
    ...refused.map(({ line, text }): ForwardFinding => ({
      option,
      verdict: "doubt",
      detail: `${path}:${line}: nameserver ${quote(text)} is of no use`,
    })),
  ];
}

function tooMany(upstreams: readonly string[]): string {
  return `Cannot use --dnsUpstream: ${upstreams.length} servers, at most ${MAX_UPSTREAMS}`;
}

async function readRoots(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const message = `Cannot read the roots of upstream servers: ${messageOf(cause)}`;
    throw new SignetError("config.unreadable", message, { cause });
  }
}

interface Following {
  readonly servers: UpstreamServers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tasks: ReturnType<typeof createTaskGroup>;
}

/** Takes the servers of the file as it is, and again whenever its content is another. */
async function followResolvConf(path: string, { servers, clock, logger, tasks }: Following) {
  let seen: string | undefined;
  const look = async () => {
    const { content, unreadable } = await readResolvConf(path);
    const now = unreadable ?? content;
    if (now === seen) return;
    seen = now;
    const { upstreams, refused } = parseResolvConf(content);
    for (const { line, text } of refused) {
      logger.warn(EVENT.dnsUpstreamsChanged, "A nameserver line is of no use", {
        file: path,
        line,
        text: text.slice(0, 100),
      });
    }
    // A file that is being written is empty for a moment: servers that were there stay.
    if (upstreams.length === 0) {
      logger.warn(EVENT.dnsUpstreamsChanged, "No upstream servers are named; those known stay", {
        file: path,
        reason: unreadable,
      });
      return;
    }
    await servers.replace(upstreams);
    logger.info(EVENT.dnsUpstreamsChanged, "Upstream servers read", {
      file: path,
      upstreams: upstreams.map(({ label }) => label),
    });
  };
  await look();
  tasks.run("follow resolv.conf", async (signal) => {
    for (;;) {
      await sleep(clock, LOOK_MS, { signal });
      await look();
    }
  });
}

/** The text; empty, with the reason, when the file cannot be read or is none of people's. */
async function readResolvConf(
  path: string,
): Promise<{ readonly content: string; readonly unreadable: string | undefined }> {
  try {
    const { size } = await Deno.stat(path);
    if (size <= MAX_FILE_BYTES) {
      return { content: await Deno.readTextFile(path), unreadable: undefined };
    }
    return { content: "", unreadable: `it has ${size} octets, at most ${MAX_FILE_BYTES} are read` };
  } catch (thrown) {
    return { content: "", unreadable: messageOf(thrown) };
  }
}
