import assert from "node:assert/strict";

import { authorityMaker, istioFiles, writeFiles } from "../../support/ca_sets.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { difference, documentedFields, pathsOf } from "../../support/output_page.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { startFullAnswer } from "./full_answer.ts";

const IDENTITY = "spiffe://cluster.local/ns/shop/sa/web";
const TOKEN_MODE = 0o600;

/** Runs a command with `--output json` and gives what it printed. */
type Json = (command: string, ...args: readonly string[]) => Promise<Record<string, string>>;

testWithPeers(
  "every field of every command's JSON is in docs/output.md, and the other way round",
  ["openssl"],
  async (t, { openssl }) => {
    await using server = await startSignet();
    const seen = new Map<string, Set<string>>();
    const json: Json = async (command, ...args) => {
      const words = [...command.split(" "), ...args, "--output", "json"];
      const { stdout, stderr } = await runSignet(words, { cwd: server.cwd });
      const document = JSON.parse(stdout || assert.fail(stderr)) as Record<string, string>;
      const paths = seen.get(command) ?? new Set();
      for (const path of pathsOf(document)) paths.add(path);
      seen.set(command, paths);
      return document;
    };
    await useAll(json, server, openssl);
    for (const [command, fields] of await documentedFields()) {
      await t.step(`signet ${command}`, () => {
        const printed = seen.get(command) ?? assert.fail("it was not run");
        assert.deepEqual(difference(printed, fields), { undocumented: [], unprinted: [] });
      });
    }
  },
);

async function useAll(json: Json, server: SignetServer, openssl: string): Promise<void> {
  const { cwd, stateDir } = server;
  const state = ["--stateDir", stateDir];
  await json("version");
  await json("check", ...state);
  await useTokens(json, cwd, state);
  await json("issue", "--identity", IDENTITY, "--out", "demo", ...state);
  const addr = server.addr("secureGrpc").replace("127.0.0.1", "localhost");
  await json("cert request", "--server", addr, "--out", "demo");
  await json("cert verify", "demo/cert-chain.pem", "--ca", "demo/root-cert.pem");
  await json("explain", "--cert", "demo/cert-chain.pem", ...state);
  await useCa(json, cwd, { openssl, state });
  await inspectAll(json, cwd, openssl);
  await using dns = await startFullAnswer(`${cwd}/var/run/secrets/istio-dns`);
  await json("dns query", "web.example", "--server", dns.addr, "--ca", server.rootFile);
}

async function useTokens(json: Json, cwd: string, state: readonly string[]): Promise<void> {
  const { id = "", token = "" } = await json("token create", "--identity", IDENTITY, ...state);
  await Deno.writeTextFile(`${cwd}/token`, token, { mode: TOKEN_MODE });
  await json("explain", "--token", "token", ...state);
  await json("token list", ...state);
  await json("token revoke", id, ...state);
}

/** A CA of signet's own, alone and while its key is rotated, and one that is plugged in. */
async function useCa(
  json: Json,
  cwd: string,
  { openssl, state }: { readonly openssl: string; readonly state: readonly string[] },
): Promise<void> {
  await json("ca status", ...state);
  await json("ca rotate", "--new-key", ...state);
  const make = authorityMaker(openssl, cwd);
  const root = await make("root");
  const ca = await make("ca", { issuer: root });
  const crl = await root.crl() + await ca.crl();
  await writeFiles(`${cwd}/etc/cacerts`, istioFiles({ ca, roots: [root], chain: [ca], crl }));
  await json("ca status", "--stateDir", "none");
}

/** A file of each type of block. */
async function inspectAll(json: Json, cwd: string, openssl: string): Promise<void> {
  await Deno.writeTextFile(`${cwd}/unknown.pem`, "-----BEGIN X-----\nAA==\n-----END X-----\n");
  const key = `${cwd}/demo/key.pem`;
  await mustRun(openssl, ["pkey", "-in", key, "-pubout", "-out", `${cwd}/public.pem`]);
  const subject = ["-subj", "/O=test", "-key", key];
  const names = "DNS:web.example,IP:10.0.0.1,email:a@example.org,URI:https://a.example";
  await mustRun(openssl, [
    ...["req", "-new", ...subject, "-out", `${cwd}/csr.pem`],
    ...["-addext", `subjectAltName=${names}`],
  ]);
  await mustRun(openssl, [
    ...["req", "-x509", ...subject, "-out", `${cwd}/names.pem`],
    ...["-addext", `subjectAltName=${names}`],
    ...["-addext", "extendedKeyUsage=clientAuth", "-addext", "keyUsage=digitalSignature"],
  ]);
  await Deno.writeTextFile(`${cwd}/crl.pem`, await revoking(openssl, cwd));
  const files = ["demo/cert-chain.pem", "demo/root-cert.pem", "demo/key.pem"];
  for (const file of [...files, "public.pem", "csr.pem", "names.pem", "unknown.pem", "crl.pem"]) {
    await json("cert inspect", file);
  }
}

/** A list that revokes one certificate. */
async function revoking(openssl: string, cwd: string): Promise<string> {
  const make = authorityMaker(openssl, `${cwd}/revoking`);
  const root = await make("root");
  const gone = await make("gone", { issuer: root });
  const config = `${root.dir}/openssl.cnf`;
  await mustRun(openssl, ["ca", "-config", config, "-revoke", `${gone.dir}/cert.pem`]);
  return await root.crl();
}
