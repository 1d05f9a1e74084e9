/** What of the machine a server would take: its state directory, its log files, its documents, its addresses. */
import { messageOf } from "../../base/mod.ts";
import type { Config, ListenAddress } from "../../config/mod.ts";
import { checkForward, parseAddressList } from "../../dns/mod.ts";
import { checkRegistry } from "../../registry/mod.ts";
import { checkDatabaseFile } from "../../store/mod.ts";
import { lookAtFolder, lookAtLogFile, lookAtState } from "./file.ts";
import { tryAddresses } from "./listen.ts";
import { fault, guarded, type Look, ok, warning } from "./look.ts";

/** The folder, its lock, and the version of its database. */
export async function lookAtStateDirectory({ stateDir }: Config): Promise<readonly Look[]> {
  const about = "state directory";
  const look = await lookAtState(stateDir);
  if (look === "locked") {
    const remedy = "stop it, or give another --stateDir";
    return [fault(about, `a running signet holds the lock of ${stateDir}; ${remedy}`)];
  }
  const reason = typeof look === "object" ? look.unusable : await lookAtFolder(stateDir);
  if (reason !== undefined) {
    const remedy = "give a writable one with --stateDir";
    return [fault(about, `Cannot use ${stateDir}: ${reason}; ${remedy}`)];
  }
  if (look === "missing") return [ok(about, `${stateDir} would be made`)];
  return await guarded(about, async () => {
    await checkDatabaseFile(stateDir);
    return [ok(about, stateDir)];
  });
}

/** Each place that log lines go to. */
export async function lookAtLog({ log }: Config): Promise<readonly Look[]> {
  const looks: Look[] = [];
  for (const target of log.targets) {
    const isStream = target === "stdout" || target === "stderr";
    const reason = isStream ? undefined : await lookAtLogFile(target);
    if (reason === undefined) looks.push(ok("log", target));
    else looks.push(fault("log", `Cannot open log file ${target} (--log_target): ${reason}`));
  }
  return looks;
}

/** The documents of `--configDir`: a server starts without those that are wrong. */
export async function lookAtRegistry({ registry }: Config): Promise<readonly Look[]> {
  const { configDir } = registry;
  if (configDir === undefined) return [];
  const about = "--configDir";
  return await guarded(about, async () => {
    const report = await checkRegistry(configDir, registry);
    const { files, services, faults, warnings, unallocated } = report;
    const line = ({ file, line, field, reason }: typeof faults[number]) =>
      [`${file}:${line}`, field, reason].filter((part) => part !== "").join(": ");
    return [
      ok(about, `${configDir}: ${services} services in ${files} files`),
      ...report.withoutEffect === ""
        ? []
        : [ok(about, `read, no effect yet: ${report.withoutEffect}`)],
      ...report.leftAlone === "" ? [] : [ok(about, `left alone: ${report.leftAlone}`)],
      ...faults.map((fault): Look => ({ about, status: "refused", detail: line(fault) })),
      ...warnings.map((each) => warning(about, line(each))),
      ...unallocated.map((name) => warning(about, `no address is left for ${name}`)),
    ];
  });
}

/** Who may ask for names, and who is asked for those that are not the mesh's: every fault of every setting. */
export async function lookAtDns({ dns }: Config): Promise<readonly Look[]> {
  if (dns.addr === undefined) return [];
  const looks: Look[] = [];
  for (const address of dns.allow) {
    looks.push(
      ...await guarded("--dnsAllow", () => {
        parseAddressList([address], "--dnsAllow");
        return Promise.resolve([]);
      }),
    );
  }
  if (dns.forward === undefined) return looks;
  const statuses = { good: "ok", doubt: "warning", wrong: "config", unusable: "fault" } as const;
  const findings = await checkForward(dns.forward);
  return [
    ...looks,
    ...findings.map(({ option, verdict, detail }): Look => ({
      about: option,
      status: statuses[verdict],
      detail,
    })),
  ];
}

/** Every address of the configuration, bound all at once for an instant. */
export function lookAtAddresses(
  { listenAddresses, grpc }: Config,
  { servesTls }: { readonly servesTls: boolean },
): readonly Look[] {
  const secure = grpc.secureAddr;
  const wanted = listenAddresses.filter(({ addr }) => servesTls || addr !== secure);
  const tried = tryAddresses(wanted.map(({ addr }) => addr));
  const looks = wanted.map(({ option, addr }, at) => {
    const result = tried[at]!;
    if ("bound" in result) return ok(option, result.bound);
    return fault(option, `Cannot bind ${formatAddress(addr)}: ${messageOf(result.thrown)}`);
  });
  if (servesTls || secure === undefined) return looks;
  return [...looks, warning("--secureGRPCAddr", "off: there is neither a CA nor a certificate")];
}

function formatAddress({ hostname, port }: ListenAddress): string {
  if (hostname === "") return `every interface, port ${port}`;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
