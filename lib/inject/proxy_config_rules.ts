/** istiod's checks of a ProxyConfig, in its words. */
import { parseIpAddress } from "../base/mod.ts";
import { type Draft, isDraft, member, objectAt, textAt } from "./document.ts";
import { goQuote, joinFaults } from "./go_words.ts";
import { BadMessage, durationMs } from "./proto_json.ts";
import { defaultProxyConfig, mergeProxyConfig, type ProxyConfig } from "./proxy_config.ts";

const LABEL_REGEXP = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;

/** Why a document may not stand over the default ProxyConfig; `undefined` when it may. */
export function proxyConfigFault(value: unknown): string | undefined {
  let config;
  try {
    config = mergeProxyConfig(defaultProxyConfig(), value, { takesZero: true });
  } catch (thrown) {
    if (!(thrown instanceof BadMessage)) throw thrown;
    return `failed to convert to apply proxy config: ${thrown.reason}`;
  }
  const faults = proxyConfigFaults(config);
  return faults.length === 0 ? undefined : joinFaults(faults);
}

function proxyConfigFaults(config: ProxyConfig): string[] {
  const faults: string[] = [];
  const say = (fault: string | undefined, prefix = "") => {
    if (fault !== undefined) faults.push(prefix === "" ? fault : `${prefix} ${fault}`);
  };
  const text = (name: string) => textAt(config as Draft, name);
  if (text("configPath") === "") say("config path must be set");
  if (text("binaryPath") === "") say("binary path must be set");
  if (Object.hasOwn(config, "serviceCluster") && text("serviceCluster") === "") {
    say("service cluster must be specified");
  }
  say(drainFault(durationMs(config["drainDuration"])));
  const address = text("discoveryAddress");
  if (address === "") say("discovery address must be set to the proxy discovery service");
  else say(addressFault(address), "invalid discovery address:");
  for (const [fault, prefix] of tracingFaults(objectAt(config as Draft, "tracing"))) {
    say(fault, prefix);
  }
  for (const [name, what] of SERVICES) {
    const held = member(config as Draft, name);
    const found = isDraft(held) ? textAt(held, "address") : text(name);
    if (found !== "") say(addressFault(found), `invalid ${what} ${goQuote(found)}:`);
  }
  say(portFault(config["proxyAdminPort"]), "invalid proxy admin port:");
  const policy = text("controlPlaneAuthPolicy");
  if (policy === "INHERIT") {
    say(
      `unrecognized control plane auth policy ${goQuote(policy)}`,
      "invalid authentication policy:",
    );
  }
  say(portFault(config["statusPort"]), "invalid status port:");
  if (isDraft(config["privateKeyProvider"])) {
    say(
      keyProviderFault(config["privateKeyProvider"]),
      "invalid private key provider configuration:",
    );
  }
  return faults;
}

/** Addresses of services, by field, as messages call them. */
const SERVICES: readonly (readonly [name: string, what: string])[] = [
  ["statsdUdpAddress", "statsd udp address"],
  ["envoyMetricsServiceAddress", "envoy metrics service address"],
  ["envoyMetricsService", "envoy metrics service address"],
  ["envoyAccessLogService", "envoy access log service address"],
];

function* tracingFaults(tracing: Draft): Iterable<readonly [string | undefined, string]> {
  const lightstep = member(tracing, "lightstep");
  if (isDraft(lightstep)) {
    const prefix = "invalid lightstep config:";
    const address = textAt(lightstep, "address");
    if (address === "") yield ["address is required", prefix];
    yield [addressFault(address), `${prefix} invalid lightstep address:`];
    if (textAt(lightstep, "accessToken") === "") yield ["access token is required", prefix];
  }
  for (const name of ["zipkin", "datadog"]) {
    const tracer = member(tracing, name);
    if (!isDraft(tracer)) continue;
    const address = textAt(tracer, "address").replace("$(HOST_IP)", "127.0.0.1");
    yield [addressFault(address), `invalid ${name} config:`];
  }
  const tls = objectAt(tracing, "tlsSettings");
  if (textAt(tls, "mode") !== "MUTUAL" || textAt(tls, "credentialName") !== "") return;
  const prefix = "invalid tracing TLS config:";
  if (textAt(tls, "clientCertificate") === "") {
    yield ["client certificate required for mutual tls", prefix];
  }
  if (textAt(tls, "privateKey") === "") yield ["private key required for mutual tls", prefix];
}

function keyProviderFault(provider: Draft): string | undefined {
  for (const name of ["cryptomb", "qat"]) {
    const config = member(provider, name);
    if (!isDraft(config)) continue;
    if (!Object.hasOwn(config, "pollDelay")) return "pollDelay is required";
    return durationMs(config["pollDelay"]) === 0 ? "pollDelay must be non zero" : undefined;
  }
  return "private key provider configuration is required";
}

function drainFault(ms: number): string | undefined {
  if (ms < 1) return "invalid drain duration: duration must be greater than 1ms";
  if (!Number.isInteger(ms)) {
    return "invalid drain duration: only durations to ms precision are supported";
  }
  return ms % 1000 === 0 ? undefined : "drain time only supports durations to seconds precision";
}

function portFault(port: unknown): string | undefined {
  const number = typeof port === "number" ? port : 0;
  return number >= 1 && number <= 65535
    ? undefined
    : `port number ${number} must be in the range 1..65535`;
}

/** Why a text is no `host:port`. */
function addressFault(address: string): string | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) {
    const why = address.includes(":") ? "too many colons in address" : "missing port in address";
    return `unable to split ${goQuote(address)}: address ${address}: ${why}`;
  }
  if (!/^[-+]?[0-9]+$/.test(port)) {
    return `port (${port}) is not a number: strconv.Atoi: parsing ${goQuote(port)}: invalid syntax`;
  }
  const fault = portFault(Number(port));
  if (fault !== undefined) return fault;
  return isHostname(host) || parseIpAddress(host) !== undefined
    ? undefined
    : `${goQuote(host)} is not a valid hostname or an IP address`;
}

function isHostname(host: string): boolean {
  if (host === "" || host.length > 255) return false;
  const labels = host.split(".");
  if (/^[-+]?[0-9]+$/.test(labels.at(-1)!)) return false;
  if (labels.at(-1) === "" && labels.length > 1) labels.pop();
  return labels.every((label) => label.length <= 63 && LABEL_REGEXP.test(label));
}
