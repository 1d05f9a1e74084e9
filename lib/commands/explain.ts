/**
 * `signet explain`: which authenticator of a server with these flags and variables would say what of a token or a certificate. The server's
 * own code judges; a token is looked up and not spent, and is never printed.
 */
import {
  type AuthAnswer,
  createAuthenticators,
  type Credentials,
  explainCredentials,
  parseJoinToken,
} from "../authn/mod.ts";
import { isSignetError } from "../base/mod.ts";
import { createCa, openSigners } from "../ca/mod.ts";
import { type Config, discoveryOptions, pathOption, readDiscovery } from "../config/mod.ts";
import { selectProvider } from "../crypto/mod.ts";
import { openCluster } from "../kube/mod.ts";
import { checkClientRoots } from "../server_cert/mod.ts";
import { openCommandDatabase, type StateDatabase } from "../store/mod.ts";
import { createLogger, createMetrics, type Logger } from "../telemetry/mod.ts";
import { type ClientCertificate, createPeerVerifier } from "../tls/mod.ts";
import { decodePem } from "../x509/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { lookAtCaStore } from "./cluster.ts";
import { describeUnknown, findMeshIfThere } from "./cluster_mesh.ts";
import { EXIT, usageError } from "./errors.ts";
import { readBytes } from "./inspect/file.ts";
import { absolutePath } from "./key_files.ts";
import { formatFields, outputOption, printOutput } from "./output.ts";
import type { Command, CommandHost } from "./port.ts";
import { findPluggedIn } from "./system.ts";

const OWN = {
  token: pathOption({
    flag: "token",
    fallback: "",
    help: "file with the token; - is standard input",
  }),
  cert: pathOption({
    flag: "cert",
    fallback: "",
    help: "file with the client certificate and its intermediates, PEM; - is standard input",
  }),
  output: outputOption,
};

/** The command. */
export const explainCommand: Command = {
  name: "explain",
  group: "tools",
  summary: "say which authenticator would say what of a token or a certificate",
  usage: "explain --token FILE | --cert FILE [FLAGS OF discovery]",
  text:
    `Takes the flags and variables of discovery, so that the same authenticators are asked in the same order. Nothing is spent: a join
token is looked up only. The exit code is 1 when nobody accepts.`,
  options: { ...discoveryOptions(), ...OWN },
  ownOptions: OWN,
  examples: [
    { what: "why is this token refused?", line: "signet explain --token ./token" },
    {
      what: "would this certificate be renewed?",
      line: "signet explain --cert ./demo/cert-chain.pem",
    },
  ],
  async run(args, host) {
    const { own, rest } = splitArguments(args);
    const { values } = readCommandLine(explainCommand, own, { host, options: OWN });
    if ((values.token === "") === (values.cert === "")) {
      throw usageError(["give one of --token and --cert"], "explain");
    }
    const request = readDiscovery(rest, host.env);
    const { found, unknown } = await findMeshIfThere(request, host);
    const config = found.complete();
    const answered = values.token === ""
      ? await explainCertificate(values.cert, config, host)
      : await explainToken(values.token, config, host);
    const notes = unknown === undefined ? [] : [describeUnknown(unknown)];
    const told = { ...answered, notes: [...notes, ...answered.notes] };
    const accepting = told.answers.find(({ verdict }) => verdict === "accepts");
    printOutput(host, values.output, {
      document: {
        accepted: accepting !== undefined,
        identities: accepting?.identities ?? [],
        notes: told.notes,
        authenticators: told.answers.map((answer) => ({ ...answer })),
      },
      lines: linesOf(told, accepting),
    });
    return accepting === undefined ? EXIT.failed : EXIT.done;
  },
};

interface Told {
  readonly answers: readonly AuthAnswer[];
  readonly notes: readonly string[];
}

/** Our own flags with their values, and what is discovery's. */
function splitArguments(
  args: readonly string[],
): { readonly own: readonly string[]; readonly rest: readonly string[] } {
  const own: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--?([^=]+)(=.*)?$/s.exec(args[at]!) ?? [];
    if (name === undefined || !Object.hasOwn(OWN, name)) {
      rest.push(args[at]!);
      continue;
    }
    own.push(args[at]!);
    if (value === undefined && at + 1 < args.length) own.push(args[++at]!);
  }
  return { own, rest };
}

async function explainToken(path: string, config: Config, host: CommandHost): Promise<Told> {
  if (/^sjt_|^ey[\w-]+\./.test(path)) {
    throw usageError(
      ["--token takes a file or -, not the token, which others could see"],
      "explain",
    );
  }
  const token = new TextDecoder().decode(await readBytes(path)).trim();
  using database = await openDatabase(config);
  const answers = await ask(config, host, database, {
    ...CALL,
    headerValues: (name) => name === "authorization" ? [`Bearer ${token}`] : [],
  });
  return { answers, notes: await tokenNotes(token, database, host) };
}

/** What a use of a join token would say, which is not asked here: it depends on the key. */
async function tokenNotes(
  text: string,
  database: StateDatabase | undefined,
  { clock }: CommandHost,
): Promise<readonly string[]> {
  if (database === undefined) {
    return ["there is no state database here, so that no join token is known"];
  }
  const parts = parseJoinToken(text);
  const token = parts && await database.tokens.find(parts.id);
  if (token === undefined) return [];
  const { used, maxUses, expiresMs, revokedMs } = token;
  const notes = [`the join token has been used by ${used} of ${maxUses} keys`];
  const isOver = used >= maxUses || clock.nowMs() >= expiresMs;
  if (isOver && revokedMs === undefined) {
    notes.push(
      `it is ${
        used >= maxUses ? "used up" : "expired"
      }: a key that used it may ask again for ten minutes, any other is refused`,
    );
  }
  return notes;
}

async function explainCertificate(path: string, config: Config, host: CommandHost): Promise<Told> {
  const chain = decodePem(new TextDecoder().decode(await readBytes(path)), {
    label: "CERTIFICATE",
  }).map(({ der }) => der);
  try {
    const peer = await verifyPeer(chain, config, host);
    using database = await openDatabase(config);
    return { answers: await ask(config, host, database, { ...CALL, peer }), notes: [] };
  } catch (thrown) {
    if (!isSignetError(thrown, "tls.peer_refused")) throw thrown;
    return {
      answers: [],
      notes: [`the handshake ends before any authenticator is asked: ${thrown.message}`],
    };
  }
}

const CALL: Credentials = {
  remoteAddress: "signet explain",
  secure: true,
  peer: undefined,
  headerValues: () => [],
};

async function ask(
  config: Config,
  host: CommandHost,
  database: StateDatabase | undefined,
  credentials: Credentials,
): Promise<readonly AuthAnswer[]> {
  using cluster = await openCluster(config.kube?.access, host);
  // A token of a remote cluster would need that cluster's name, and following pods tells nothing of a credential.
  const authn = { ...config.authn, remoteClustersNamespace: undefined, trustedNodeAccounts: [] };
  await using authenticators = await createAuthenticators(authn, {
    database,
    kube: cluster && { client: cluster.client, random: () => 0 },
    clock: host.clock,
    trustDomain: () => config.ca.trustDomain,
    logger: loggerOf(host),
    metrics: createMetrics(),
  });
  return await explainCredentials(authenticators.list, credentials);
}

/** The verdict of the handshake, against the roots that the server would have. */
async function verifyPeer(
  chain: readonly Uint8Array[],
  config: Config,
  host: CommandHost,
): Promise<ClientCertificate> {
  const { provider: crypto } = await selectProvider(config.cryptoProvider);
  const { clock } = host;
  const logger = loggerOf(host);
  const { pluggedIn } = await findPluggedIn(config, { clock, crypto });
  using cluster = await openCluster(config.kube?.access, host);
  const stateDir = await absolutePath(config.stateDir);
  const store = await lookAtCaStore(config, { cluster, pluggedIn, stateDir });
  const world = { clock, crypto, logger, store, ...(pluggedIn && { pluggedIn }) };
  using ca = config.ca.enabled
    ? await createCa({
      ...config.ca,
      whenMissing: "fail",
      pluggedIn: { ...config.ca.pluggedIn, reload: false },
    }, world)
    : undefined;
  await using signers = await openSigners(config.signers, {
    ...world,
    kube: { askSigner: () => Promise.reject(new TypeError("Explaining asks no signer")) },
    meshCaCertificates: () => config.mesh.caCertificates,
  });
  const certificates = await checkClientRoots(config.cert, { ca, signers });
  const verifier = createPeerVerifier({
    roots: () => ({ generation: 1, certificates }),
    trustDomain: () => config.ca.trustDomain,
    verifySignature: (key, scheme, data, signature) => crypto.verify(key, scheme, data, signature),
    nowMs: () => clock.nowMs(),
  });
  return await verifier.verify(chain, "explained");
}

async function openDatabase(config: Config): Promise<StateDatabase | undefined> {
  try {
    return await openCommandDatabase(await absolutePath(config.stateDir));
  } catch (thrown) {
    if (isSignetError(thrown, "store.incomplete")) return undefined;
    throw thrown;
  }
}

function loggerOf(host: CommandHost): Logger {
  const levels = { default: "error", audit: "none" } as const;
  return createLogger({ levels, json: false }, {
    clock: host.clock,
    sink: (line) => host.warn(line),
  });
}

function linesOf({ answers, notes }: Told, accepting: AuthAnswer | undefined): readonly string[] {
  const said = answers.map(({ type, verdict, identities, reason }) =>
    [
      type,
      verdict === "not_asked" ? "not asked" : `${verdict}: ${reason || identities.join(", ")}`,
    ] as const
  );
  const verdict = accepting === undefined
    ? "refused"
    : `accepted by ${accepting.type} as ${accepting.identities.join(", ")}`;
  return [verdict, ...formatFields(said, { indent: 2 }), ...notes];
}
