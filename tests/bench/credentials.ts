/**
 * Server CPU a certificate by what the caller shows: a client certificate, a join token that is used once, an ID token of an issuer. One
 * server with its database, kept connections, alternating rounds.
 */
import { makeJoinToken } from "signet/authn/mod.ts";
import { openCommandDatabase } from "signet/store/mod.ts";
import {
  caclient,
  DEMO_IDENTITY,
  issueIdentity,
  type Load,
  tlsFlags,
} from "../support/caclient.ts";
import { goodClaims, makeIssuerKey, signToken } from "../support/id_tokens.ts";
import { findPeer } from "../support/peers.ts";
import type { SignetServer } from "../support/server.ts";
import { cpuUsDuring, median } from "./measure.ts";
import { startUnlimited } from "./server.ts";

const CREDENTIALS = ["certificate", "joinToken", "idToken"] as const;
type Credential = (typeof CREDENTIALS)[number];
const TOKEN_LIFE_MS = 3_600_000;
const AUDIENCE = "istio-ca";

/** Microseconds of server CPU a certificate, medians. */
export type CredentialCost = Readonly<Record<Credential, number>>;

/** Costs with many calls in flight, and with one call at a time. */
export interface CredentialCosts {
  /** 32 calls in flight on 4 connections. */
  readonly together: CredentialCost;
  /** One call at a time on one connection: nothing is shared between calls. */
  readonly alone: CredentialCost;
}

/** Sizes of a run. */
export interface CredentialSizes {
  readonly rounds: number;
  readonly together: number;
  readonly alone: number;
}

/** Measures on one server of `executable`. */
export async function measureCredentials(
  executable: string,
  sizes: CredentialSizes,
): Promise<CredentialCosts> {
  const client = findPeer("caclient");
  if (client === undefined) {
    throw new TypeError("Cannot measure: caclient is missing: scripts/deno task peers");
  }
  await using issuer = await startIssuer();
  const rule = { issuer: issuer.url, jwks_uri: issuer.url, audiences: [AUDIENCE] };
  const env = { JWT_RULE: JSON.stringify(rule) };
  await using server = await startUnlimited(executable, { env });
  const certificate = tlsFlags(server, await issueIdentity(server));
  const idToken = await written(server, "id_token", [await issuer.token()]);
  const flags: Readonly<Record<Credential, (count: number) => Promise<readonly string[]>>> = {
    certificate: () => Promise.resolve(certificate),
    idToken: () => Promise.resolve([...tlsFlags(server), "-bearer-file", idToken]),
    joinToken: async (count) => {
      const file = await written(server, "join_tokens", await addJoinTokens(server, count));
      return [...tlsFlags(server), "-bearer-file", file];
    },
  };
  const measure = async (count: number, shape: readonly string[]): Promise<CredentialCost> => {
    const rounds: Record<Credential, number[]> = { certificate: [], joinToken: [], idToken: [] };
    // One round more: the first only warms up.
    for (let round = 0; round <= sizes.rounds; round++) {
      for (const credential of CREDENTIALS) {
        const args = ["load", ...await flags[credential](count), "-count", String(count), ...shape];
        const us = await cpuUsDuring(server.pid, () => mustLoad(client, args)) / count;
        if (round > 0) rounds[credential].push(us);
      }
    }
    return {
      certificate: median(rounds.certificate),
      joinToken: median(rounds.joinToken),
      idToken: median(rounds.idToken),
    };
  };
  return {
    together: await measure(sizes.together, ["-concurrency", "32", "-connections", "4"]),
    alone: await measure(sizes.alone, ["-concurrency", "1", "-connections", "1"]),
  };
}

async function mustLoad(client: string, args: readonly string[]): Promise<void> {
  const load = await caclient<Load>(client, args, { timeoutMs: 600_000 });
  if (load.errors > 0) {
    throw new TypeError(`Cannot measure: ${load.errors} failed: ${load.example}`);
  }
}

/** Adds tokens beside the running server, as `signet token create` does. */
async function addJoinTokens(server: SignetServer, count: number): Promise<readonly string[]> {
  using database = await openCommandDatabase(server.stateDir);
  const createdMs = Date.now();
  const life = { createdMs, expiresMs: createdMs + TOKEN_LIFE_MS, maxUses: 1 };
  const texts: string[] = [];
  while (texts.length < count) {
    const { id, secretSha256, text } = makeJoinToken(Date.now());
    await database.tokens.add({ id, secretSha256, identity: DEMO_IDENTITY, ...life });
    texts.push(text);
  }
  return texts;
}

async function written(
  server: SignetServer,
  name: string,
  tokens: readonly string[],
): Promise<string> {
  const path = `${server.cwd}/${name}`;
  await Deno.writeTextFile(path, `${tokens.join("\n")}\n`);
  return path;
}

/** An issuer with one RS256 key, which its only page shows. */
interface BenchIssuer extends AsyncDisposable {
  readonly url: string;
  token(): Promise<string>;
}

async function startIssuer(): Promise<BenchIssuer> {
  const key = await makeIssuerKey("bench", "RS256");
  const pages = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ keys: [key.jwk] }),
  );
  const url = `http://127.0.0.1:${pages.addr.port}/keys`;
  return {
    url,
    token: () => signToken(key, goodClaims(url, Date.now() + TOKEN_LIFE_MS)),
    [Symbol.asyncDispose]: () => pages.shutdown(),
  };
}
