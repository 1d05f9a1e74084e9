/** `signet check`: what `signet discovery` with the same flags would do, and what is wrong, without doing it. */
import { isSignetError, messageOf } from "../base/mod.ts";
import {
  type Config,
  DEFAULT_MESH_CONFIG,
  discoveryOptions,
  type DiscoveryRequest,
  readDiscovery,
} from "../config/mod.ts";
import { selectProvider } from "../crypto/mod.ts";
import { describeUnknown, findMeshIfThere, type FoundMesh } from "./cluster_mesh.ts";
import { lookAtCertificates } from "./check/certificates.ts";
import { lookAtCluster } from "./check/cluster.ts";
import { lookAtInjection } from "./check/injection.ts";
import { fault, guarded, type Look, ok, warning } from "./check/look.ts";
import {
  lookAtAddresses,
  lookAtDns,
  lookAtLog,
  lookAtRegistry,
  lookAtStateDirectory,
} from "./check/places.ts";
import { EXIT, usageError } from "./errors.ts";
import {
  formatFields,
  type Output,
  type OutputFormat,
  outputOption,
  printOutput,
} from "./output.ts";
import type { Command, CommandHost } from "./port.ts";

/** What the server does not have. */
const OWN = { output: outputOption };

/** The command. */
export const checkCommand: Command = {
  name: "check",
  group: "server",
  summary: "say what the server would do with these flags, and what is wrong",
  usage: "check [FLAGS OF discovery]",
  text:
    `Takes the flags and variables of signet discovery, and --output text|json. Addresses are bound for an instant to see whether they
are free; nothing is written. Documents of --configDir that a server would leave out are named by file, line and field.
Exit codes: 0 it would start, 1 something on this machine is in the way, 2 the configuration or a document is wrong.`,
  options: { ...discoveryOptions(), ...OWN },
  ownOptions: OWN,
  examples: [{
    what: "before a restart with another state directory",
    line: "signet check --stateDir /var/lib/signet",
  }],
  async run(args, host) {
    const { format, rest } = takeOutput(args);
    const looks = await lookAtAll(rest, host);
    printOutput(host, format, outputOf(looks));
    if (hasStatus(looks, "config") || hasStatus(looks, "refused")) return EXIT.usage;
    return hasStatus(looks, "fault") ? EXIT.failed : EXIT.done;
  },
};

function hasStatus(looks: readonly Look[], wanted: Look["status"]): boolean {
  return looks.some(({ status }) => status === wanted);
}

function outputOf(looks: readonly Look[]): Output {
  const wouldStart = !hasStatus(looks, "config") && !hasStatus(looks, "fault");
  const withoutSome = hasStatus(looks, "refused") ? ", without what is refused" : "";
  return {
    document: {
      wouldStart,
      checks: looks.map(({ about, status, detail }) => ({ about, status, detail })),
    },
    lines: [
      wouldStart ? `signet would start${withoutSome}` : "signet would NOT start",
      ...formatFields(
        looks.map(({ about, status, detail }) => [`${status.padEnd(7)}  ${about}`, detail]),
        { indent: 2 },
      ),
    ],
  };
}

/** `--output` is the one flag that the server does not have; after `--` nothing is a flag. */
function takeOutput(
  args: readonly string[],
): { readonly format: OutputFormat; readonly rest: readonly string[] } {
  const end = args.indexOf("--");
  const flags = end < 0 ? args : args.slice(0, end);
  const at = flags.findIndex((arg) => /^--?output(=|$)/.test(arg));
  if (at < 0) return { format: "text", rest: args };
  const [, inline] = /=(.*)$/s.exec(args[at]!) ?? [];
  const format = inline ?? args[at + 1] ?? "";
  const rest = args.toSpliced(at, inline === undefined ? 2 : 1);
  if (format === "json" || format === "text") return { format, rest };
  throw usageError(['--output should be one of "text", "json"'], "check");
}

async function lookAtAll(args: readonly string[], host: CommandHost): Promise<readonly Look[]> {
  let request: DiscoveryRequest | undefined;
  let config: Config | undefined;
  let found: FoundMesh | undefined;
  let unknown: readonly Look[] = [];
  const wrong = await guarded("configuration", async () => {
    request = readDiscovery(args, host.env);
    ({ found, unknown } = await lookForMesh(request, host));
    config = found.complete();
    return [];
  });
  if (config === undefined) return asConfig([...wrong, ...faultsOfFlags(request, wrong)]);
  const { notices, cryptoProvider } = config;
  const { provider: crypto } = await selectProvider(cryptoProvider);
  const certificates = await lookAtCertificates(config, { host, crypto });
  return [
    ...notices.map((detail) => warning("option", detail)),
    ...unknown,
    ok("mesh", describeMesh(config, found?.where)),
    ok("crypto", `${crypto.name} (${crypto.source})`),
    ...await lookAtLog(config),
    ...await lookAtStateDirectory(config),
    ...await lookAtCluster(config, host),
    ...certificates.looks,
    ...await lookAtRegistry(config),
    ...await lookAtInjection(config),
    ...await lookAtDns(config),
    ...lookAtAddresses(config, certificates),
  ];
}

/** The mesh config; what the API server does not say of it is no fault of the configuration, and is looked at without it. */
async function lookForMesh(
  request: DiscoveryRequest,
  host: CommandHost,
): Promise<{ readonly found: FoundMesh; readonly unknown: readonly Look[] }> {
  const { found, unknown } = await findMeshIfThere(request, host);
  const look = isSignetError(unknown, "kube.refused") ? fault : warning;
  return { found, unknown: unknown === undefined ? [] : [look("mesh", describeUnknown(unknown))] };
}

function describeMesh({ ca, cert, mesh }: Config, where: string | undefined): string {
  const names = cert.names.join(", ");
  const file = where === undefined ? `no mesh config at ${mesh.path}` : `mesh config ${where}`;
  return `trust domain ${ca.trustDomain}; own names ${names}; ${file}`;
}

/** A mesh config that cannot be used hides what is wrong with the flags: they are looked at without it. */
function faultsOfFlags(
  request: DiscoveryRequest | undefined,
  known: readonly Look[],
): readonly Look[] {
  try {
    request?.complete(DEFAULT_MESH_CONFIG);
    return [];
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    const detail = messageOf(thrown);
    if (known.some((look) => look.detail === detail)) return [];
    return [{ about: "configuration", status: "config", detail }];
  }
}

/** A configuration that cannot even be read is wrong, whatever the reason. */
function asConfig(looks: readonly Look[]): readonly Look[] {
  return looks.map((look) => ({ ...look, status: "config" }));
}
