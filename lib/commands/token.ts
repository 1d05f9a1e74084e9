/**
 * `signet token create|list|revoke`: join tokens in the state directory's database, server running or not. Whoever may write that file may
 * do it. A running server reads the database whenever a token is presented, so what a command has committed is in force when it returns.
 */
import { makeJoinToken } from "../authn/mod.ts";
import { isSignetError, SignetError } from "../base/mod.ts";
import { durationOption, intOption, OPTIONS as SERVER_OPTIONS, textOption } from "../config/mod.ts";
import { formatWorkloadIdentity, parseWorkloadIdentity } from "../spiffe/mod.ts";
import { type JoinToken, openCommandDatabase, type StateDatabase } from "../store/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { EXIT, usageError } from "./errors.ts";
import { absolutePath } from "./key_files.ts";
import { type Column, formatTable, outputOption, printOutput } from "./output.ts";
import type { Command } from "./port.ts";

/** Longest life of a token, in milliseconds: it is for joining, not for keeping. */
const MAX_TTL_MS = 90 * 86_400_000;
/** Most keys that one token lets in. */
const MAX_USES = 100_000;

const COMMON = { stateDir: SERVER_OPTIONS.stateDir, output: outputOption };
const CREATE = {
  identity: textOption({
    flag: "identity",
    fallback: "",
    help: "spiffe://<trust domain>/ns/<namespace>/sa/<service account> that the bearer gets",
  }),
  ttl: durationOption({
    flag: "ttl",
    fallback: "1h",
    help: "how long the token lets a new key in",
  }, { minMs: 1000, maxMs: MAX_TTL_MS }),
  uses: intOption({
    flag: "uses",
    fallback: "1",
    help: "how many different keys it lets in, one for each machine",
  }, { min: 1, max: MAX_USES }),
  ...COMMON,
};

/** `token create`. */
export const tokenCreateCommand: Command = {
  name: "token create",
  group: "tokens",
  summary: "make a join token, with which a machine gets its first certificate",
  usage: "token create --identity spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT [FLAGS]",
  text:
    `Prints the token as the last line; it is shown once and stored hashed. A running server takes it at once.
Each use is bound to the key of the CSR: that key may ask again for ten minutes, so that a lost answer locks nobody out,
and counts once; other keys are refused when --uses keys have used the token. The certificate renews by itself later.`,
  options: CREATE,
  examples: [{
    what: "a token for one machine, good for an hour",
    line: "signet token create --identity spiffe://cluster.local/ns/default/sa/demo",
  }, {
    what: "a token for twenty machines of one workload, good for a day",
    line:
      "signet token create --identity spiffe://cluster.local/ns/default/sa/demo --uses 20 --ttl 24h",
  }],
  async run(args, host) {
    const { values } = readCommandLine(tokenCreateCommand, args, {
      host,
      options: CREATE,
      required: ["identity"],
    });
    const identity = checkIdentity(values.identity);
    using database = await openCommandDatabase(await absolutePath(values.stateDir));
    await checkTrustDomain(identity, database);
    const nowMs = host.clock.nowMs();
    const { text, id, secretSha256 } = makeJoinToken(nowMs);
    const made = { id, identity, expiresMs: nowMs + values.ttl, maxUses: values.uses };
    await database.tokens.add({ ...made, secretSha256, createdMs: nowMs });
    const expires = new Date(made.expiresMs).toISOString();
    const keys = values.uses === 1 ? "one key" : `${values.uses} keys`;
    printOutput(host, values.output, {
      document: { id, identity, uses: values.uses, expires, token: text },
      lines: [`join token ${id} for ${identity}, for ${keys}, until ${expires}`, text],
    });
    return EXIT.done;
  },
};

/** `token list`. */
export const tokenListCommand: Command = {
  name: "token list",
  group: "tokens",
  summary: "the join tokens, without their secrets",
  usage: "token list [FLAGS]",
  text:
    "Lists the join tokens, the newest first; those that ended more than 30 days ago are forgotten.",
  options: COMMON,
  examples: [{ what: "every token and what became of it", line: "signet token list" }],
  async run(args, host) {
    const { values } = readCommandLine(tokenListCommand, args, { host, options: COMMON });
    using database = await openCommandDatabase(await absolutePath(values.stateDir));
    const nowMs = host.clock.nowMs();
    const tokens = (await database.tokens.list()).map((token) => describe(token, nowMs));
    printOutput(host, values.output, {
      document: tokens,
      lines: tokens.length === 0 ? ["no join tokens"] : formatTable(tokens, COLUMNS),
    });
    return EXIT.done;
  },
};

/** `token revoke`. */
export const tokenRevokeCommand: Command = {
  name: "token revoke",
  group: "tokens",
  summary: "take a join token back",
  usage: "token revoke ID [FLAGS]",
  text:
    `From the moment this command ends, no server takes the token, not even from a key that has used it.
Certificates that were issued with it stay valid until they expire.`,
  options: COMMON,
  operands: [{ name: "ID", kind: "text" }],
  examples: [{ what: "take a token back", line: "signet token revoke 0123456789abcdef" }],
  async run(args, host) {
    const line = readCommandLine(tokenRevokeCommand, args, { host, options: COMMON });
    const id = checkId(line.positionals[0]!);
    const { values } = line;
    using database = await openCommandDatabase(await absolutePath(values.stateDir));
    const { tokens } = database;
    if (!await tokens.revoke(id, host.clock.nowMs())) {
      throw new SignetError(
        "commands.failed",
        `Cannot revoke join token ${id}: there is none of this ID in ${database.location}; signet token list shows those that are`,
      );
    }
    // Uses and this change take turns under the database's write lock: read back, it is in force for every server.
    const token = describe((await tokens.find(id))!, host.clock.nowMs());
    printOutput(host, values.output, { document: token, lines: revokedLines(token) });
    return EXIT.done;
  },
};

function revokedLines({ id, identity, used }: DescribedToken): readonly string[] {
  const first = `revoked join token ${id} for ${identity}: no server takes it from now on`;
  if (used === 0) return [first];
  const times = used === 1 ? "one key" : `${used} keys`;
  return [
    first,
    `${times} used it before; certificates issued with it stay valid until they expire`,
  ];
}

function checkIdentity(text: string): string {
  try {
    return formatWorkloadIdentity(parseWorkloadIdentity(text));
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw usageError([`--identity: ${thrown.message}`], "token create");
  }
}

/** The server said its mesh's trust domain when it started there; a token for another one is a typing mistake. */
async function checkTrustDomain(identity: string, database: StateDatabase): Promise<void> {
  const { trustDomain } = parseWorkloadIdentity(identity);
  const meshs = await database.trustDomain();
  if (meshs === undefined || trustDomain === meshs) return;
  throw usageError(
    [`--identity is of trust domain ${trustDomain}, the mesh's is ${meshs}: no server would take the token`],
    "token create",
  );
}

/** An ID as lists show it. A whole token is not repeated in a message. */
function checkId(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw usageError(
    ["ID should be the 16 hexadecimal digits that signet token list shows"],
    "token revoke",
  );
}

/** What is shown of a token. */
type DescribedToken = {
  readonly id: string;
  readonly state: "valid" | "used" | "expired" | "revoked";
  readonly identity: string;
  readonly uses: number;
  readonly used: number;
  readonly created: string;
  readonly expires: string;
  readonly revoked: string | null;
};

const COLUMNS: readonly Column<DescribedToken>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "STATE", text: ({ state }) => state },
  { title: "USED", text: ({ used, uses }) => `${used}/${uses}` },
  { title: "EXPIRES", text: ({ expires }) => expires },
  { title: "IDENTITY", text: ({ identity }) => identity },
];

function describe(token: JoinToken, nowMs: number): DescribedToken {
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    id: token.id,
    state: stateOf(token, nowMs),
    identity: token.identity,
    uses: token.maxUses,
    used: token.used,
    created: time(token.createdMs),
    expires: time(token.expiresMs),
    revoked: token.revokedMs === undefined ? null : time(token.revokedMs),
  };
}

function stateOf(token: JoinToken, nowMs: number): DescribedToken["state"] {
  if (token.revokedMs !== undefined) return "revoked";
  if (token.used >= token.maxUses) return "used";
  return nowMs >= token.expiresMs ? "expired" : "valid";
}
