/** A server that is up: what it tells its operator, and how it stops. */
import type { Ca, Signers } from "../ca/mod.ts";
import type { Config } from "../config/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import type { DnsServer } from "../dns/mod.ts";
import type { GrpcServer } from "../grpc/mod.ts";
import type { ServerCert } from "../server_cert/mod.ts";
import { EVENT } from "../telemetry/mod.ts";
import type { WebhookServer } from "../webhook/mod.ts";
import type { XdsServer } from "../xds/mod.ts";
import { servingPages } from "./debug_pages.ts";
import type { Host, HttpPorts } from "./system.ts";

/** The parts of a server. */
export interface ServerParts {
  /** Its settings. */
  readonly config: Config;
  /** Its outside world. */
  readonly host: Host;
  /** Health and metrics. */
  readonly http: HttpPorts;
  /** The CA, when there is one. */
  readonly ca: Ca | undefined;
  /** Signers of the cluster, when any is asked. */
  readonly signers: Signers | undefined;
  /** Its own certificate. */
  readonly cert: ServerCert;
  /** The gRPC ports. */
  readonly grpc: GrpcServer;
  /** The admission webhooks. */
  readonly webhook: WebhookServer;
  /** DNS over TLS. */
  readonly dns: DnsServer;
  /** Configuration of proxies. */
  readonly xds: XdsServer;
}

/** A server that is up. */
export interface RunningServer extends AsyncDisposable {
  /** A few lines for the operator: addresses, root, state, the next command. */
  readonly summary: readonly string[];
  /** Stops accepting, finishes what is in flight within the configured time, then unwinds everything. */
  stop(reason: string): Promise<void>;
}

/** Marks the server ready and returns the handle on it. */
export function serving(parts: ServerParts, opened: AsyncDisposableStack): RunningServer {
  const { config, host, http, grpc, webhook, dns } = parts;
  const logger = host.logger;
  http.addDebugPages(servingPages(parts));
  http.setReady(true);
  const summary = summarize(parts);
  if (config.log.json) { for (const line of summary) logger.info(EVENT.listening, line); }
  let stopping: Promise<void> | undefined;
  const stop = async (reason: string) => {
    logger.info(EVENT.stopping, "Stopping", { reason, within_ms: config.shutdownMs });
    http.setReady(false);
    await Promise.all([grpc, webhook, dns].map((port) => port.drain(config.shutdownMs)));
    logger.info(EVENT.stopped, "Stopped");
    await opened.disposeAsync();
  };
  return {
    // A reader of JSON lines gets the summary as records of the log.
    summary: config.log.json ? [] : summary,
    stop: (reason) => stopping ??= stop(reason),
    [Symbol.asyncDispose]() {
      return this.stop("disposed");
    },
  };
}

function summarize(
  { host, http, ca, signers, cert, grpc, webhook, dns, config }: ServerParts,
): readonly string[] {
  const { secure, plain } = grpc.addresses;
  return [
    `${ca === undefined ? "secure gRPC     " : "secure gRPC (CA)"}   ${
      secure ?? "off"
    }  certificate ${cert.described}`,
    `plaintext gRPC     ${plain ?? "off"}  xDS, health and reflection`,
    `webhooks           ${describeWebhook(webhook, config)}`,
    `DNS over TLS       ${dns.addr ?? "off"}  names of the mesh${
      config.dns.forward === undefined ? "" : ", others by upstream servers"
    }`,
    `HTTP               ${http.addresses.join("  ")}  /ready /version /metrics /debug`,
    ...describeSigners(ca, signers),
    `state directory    ${host.stateDirectory}`,
    ...(host.kube === undefined ? [] : [`Kubernetes         ${host.kube.client.server}`]),
    `crypto             ${host.crypto.name} (${host.crypto.source})`,
    // In a cluster workloads bring tokens, and the key that signet issue would take is in the Secret.
    ...(ca === undefined || isInSecret(ca) || signers?.workloads !== undefined
      ? []
      : [`next               ${nextCommand(config)}`]),
  ];
}

function describeSigners(ca: Ca | undefined, signers: Signers | undefined): readonly string[] {
  const workloads = signers?.workloads === undefined
    ? []
    : [`workloads          certificates by the cluster's signer ${signers.described}`];
  if (ca !== undefined) return [...workloads, ...describeCa(ca)];
  return workloads.length > 0 ? workloads : ["CA                 none (ENABLE_CA_SERVER=false)"];
}

function describeWebhook({ addr, paths }: WebhookServer, { webhook }: Config): string {
  if (addr !== undefined) return `${addr}  ${paths.join(" ")} over HTTPS`;
  return webhook.addr === undefined
    ? `on the HTTP ports  ${paths.join(" ")}`
    : "off  there is no certificate";
}

function isInSecret({ location }: Ca): boolean {
  return location.startsWith("Secret ");
}

function describeCa(ca: Ca): readonly string[] {
  const root = ca.bundle.roots[0]!;
  const fingerprint = sha256(root.raw).toHex().replaceAll(/(..)(?!$)/g, "$1:").toUpperCase();
  return [
    `${`root (${ca.origin})`.padEnd(18)} SHA-256 ${fingerprint}`,
    ...(ca.origin === "plugged-in" ? [`CA                 plugged in from ${ca.location}`] : []),
    ...(isInSecret(ca) ? [`CA                 in ${ca.location}`] : []),
    ...ca.remarks.map((remark) => `note               ${remark}`),
  ];
}

/** The command that gets a first certificate, as it is to be typed here. */
function nextCommand({ stateDir, ca }: Config): string {
  const program = /(^|\/)deno(\.exe)?$/.test(Deno.execPath())
    ? "scripts/deno task signet"
    : "signet";
  const state = stateDir === "./var/lib/signet" ? "" : ` --stateDir ${shellQuoted(stateDir)}`;
  const issue = program === "signet" ? "signet issue" : `${program} issue`;
  return `${issue} --identity spiffe://${ca.trustDomain}/ns/default/sa/demo --out ./demo${state}`;
}

function shellQuoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
