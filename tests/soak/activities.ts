/** What goes on at once in a soak, one function for each thing. Each asserts on every answer. */
import assert from "node:assert/strict";
import { caclient, type IdentityFiles, type Issued, tlsFlags } from "../support/caclient.ts";
import { swapFiles } from "../support/ca_sets.ts";
import { message, question, wireName } from "../support/dns_messages.ts";
import { connectDot, type DotClient } from "../support/dot_client.ts";
import { makeToken } from "../support/join_token.ts";
import { runSignet } from "../support/server.ts";
import { until } from "../support/until.ts";
import type { Soaked, SoakRun } from "./run.ts";
import type { Workloads } from "./workloads.ts";

/** Rotations as an operator makes them: the root renewed with its key, then a new key in its three steps. */
const ROTATION = [[], ["--new-key"], ["--now"], ["--now"]] as const;
const QUERIES_A_CONNECTION = 40;
const QUERY_EVERY_MS = 100;
/** The address of `db.example` in {@linkcode MESH_DOCUMENT}. */
const DB_ADDRESS = [10, 0, 0, 7] as const;

/** One round of an activity; it throws when something good failed. */
export type Round = () => Promise<void>;

/** A name for the DNS port to serve. */
export const MESH_DOCUMENT = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: db, namespace: shop }
spec:
  hosts: [db.example]
  addresses: [${DB_ADDRESS.join(".")}]
  ports: [{ number: 80, name: http, protocol: HTTP }]
`;

/** Rotates the root; the next step waits until every workload has renewed and nobody is in the middle of anything. */
export function rotating(run: SoakRun, { server, log }: Soaked, workloads: Workloads): Round {
  let step = 0;
  return async () => {
    const args = ROTATION[step++ % ROTATION.length]!;
    const all = ["ca", "rotate", ...args, "--stateDir", server.stateDir];
    const { code, stderr } = await runSignet(all, { cwd: server.cwd });
    assert.equal(code, 0, `signet ca rotate ${args.join(" ")}: ${stderr}`);
    log.addKey(await Deno.readTextFile(`${server.stateDir}/ca/current/ca-key.pem`));
    await workloads.untilAllHave(await Deno.readTextFile(server.rootFile));
    await run.settled("rotation");
    run.count(args[0] === "--now" ? "steps to a new key" : "rotations begun");
  };
}

/** A new machine: its token, its certificate, another machine that finds the token used, a renewal by certificate. */
export function joining(run: SoakRun, { server, log }: Soaked, path: string): Round {
  const ask = (flags: readonly string[]) => caclient<Issued>(path, ["issue", ...flags]);
  return async () => {
    const token = await makeToken(server);
    log.addTokenSecret(token.secret);
    const out = `${server.cwd}/joined`;
    const bearer = [...tlsFlags(server), "-bearer", token.text];
    const joined = await ask([...bearer, "-out", out]);
    assert.ok(joined.verdict?.verified, `token: ${joined.message ?? joined.verdict?.error}`);
    run.count("tokens redeemed");
    const again = await ask(bearer);
    assert.equal(again.code, "Unauthenticated", "a token was used twice");
    run.count("tokens refused the second time");
    const files: IdentityFiles = {
      cert: `${out}/cert-chain.pem`,
      key: `${out}/key.pem`,
      roots: `${out}/root-cert.pem`,
    };
    const renewed = await ask(tlsFlags(server, files));
    assert.ok(renewed.verdict?.verified, `renewal: ${renewed.message ?? renewed.verdict?.error}`);
    run.count("renewals after a token");
  };
}

/** One connection of DNS over TLS and its queries. */
export function resolving(run: SoakRun, { server }: Soaked): Round {
  return async () => {
    const ca = await Deno.readTextFile(server.rootFile);
    await using client = await connectDot({ addr: server.addr("dns"), ca });
    for (let id = 1; id <= QUERIES_A_CONNECTION; id++) {
      await ask(client, id);
      run.count("DNS answers");
      await run.pause(QUERY_EVERY_MS);
    }
    run.count("DNS connections");
  };
}

async function ask(client: DotClient, id: number): Promise<void> {
  client.send(message({ id }, question(wireName("db", "example"))));
  const answer = await client.next();
  assert.ok(answer !== undefined, "the DNS port closed a connection in use");
  const [idHigh, idLow, , flags = 0, , , , answers] = answer;
  assert.deepEqual([idHigh, idLow, flags & 0x0f, answers], [id >> 8, id & 0xff, 0, 1]);
  assert.deepEqual([...answer.slice(-DB_ADDRESS.length)], [...DB_ADDRESS]);
}

/** What {@linkcode reloading} swaps. */
export interface ReloadSets {
  /** Folder and file sets of the plugged-in CA; the first is in force at the start. */
  readonly ca: { readonly dir: string; readonly sets: readonly Readonly<Record<string, string>>[] };
  /** The same of signet's own certificate. */
  readonly own: {
    readonly dir: string;
    readonly sets: readonly Readonly<Record<string, string>>[];
  };
  /** Who asks. */
  readonly identity: IdentityFiles;
  /** Gives the certificate that a handshake shows. */
  shown(): Promise<string>;
}

/** Swaps the plugged-in CA and signet's own certificate in turn, and waits until each is in force. */
export function reloading(run: SoakRun, { server }: Soaked, sets: ReloadSets, path: string): Round {
  let turn = 0;
  const flags = ["issue", ...tlsFlags(server, sets.identity)];
  return async () => {
    turn++;
    const ca = sets.ca.sets[turn % sets.ca.sets.length]!;
    await swapFiles(sets.ca.dir, ca);
    await until("the swapped CA signs", async () => {
      const { code, message, chain, verdict } = await caclient<Issued>(path, flags);
      assert.ok(code === "OK" && verdict?.verified, message ?? verdict?.error);
      return chain?.[1] === ca["ca-cert.pem"] || undefined;
    });
    run.count("plugged-in CAs swapped");
    const own = sets.own.sets[turn % sets.own.sets.length]!;
    await swapFiles(sets.own.dir, own);
    await until(
      "the swapped certificate is shown",
      async () => own["tls.crt"]!.startsWith(await sets.shown()) || undefined,
    );
    run.count("own certificates swapped");
  };
}
