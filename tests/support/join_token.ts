/** Join tokens of a server under test, made, listed and revoked by signet's own commands. */
import assert from "node:assert/strict";

import { DEMO_IDENTITY } from "./caclient.ts";
import type { Ran } from "./process.ts";
import { runSignet, type SignetServer } from "./server.ts";

/** A token as `token create` printed it. */
export interface MadeToken {
  /** The token: the last line. */
  readonly text: string;
  /** Its ID. */
  readonly id: string;
  /** The secret part, which no log may hold. */
  readonly secret: string;
}

/** Runs `signet token ...` on the server's state directory. */
export function tokenCommand(server: SignetServer, args: readonly string[]): Promise<Ran> {
  return runSignet(["token", ...args, "--stateDir", server.stateDir], { cwd: server.cwd });
}

/** Makes a token for the demo identity unless `args` name another. */
export async function makeToken(
  server: SignetServer,
  args: readonly string[] = [],
): Promise<MadeToken> {
  const identity = args.includes("--identity") ? [] : ["--identity", DEMO_IDENTITY];
  const ran = await tokenCommand(server, ["create", ...identity, ...args]);
  assert.equal(ran.code, 0, ran.stderr);
  const text = ran.stdout.trimEnd().split("\n").at(-1)!;
  const [, id, secret] = /^sjt_([0-9a-f]{16})_([0-9a-f]{64})$/.exec(text) ?? [];
  assert.ok(id !== undefined && secret !== undefined, ran.stdout);
  return { text, id, secret };
}

/** What `token list --output json` says of each token. */
export interface ListedToken {
  readonly id: string;
  readonly state: string;
  readonly uses: number;
  readonly used: number;
}

/** Lists the tokens. */
export async function listTokens(server: SignetServer): Promise<readonly ListedToken[]> {
  const ran = await tokenCommand(server, ["list", "--output", "json"]);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as readonly ListedToken[];
}
