/** Istio's own agent gets certificates from signet and renews them. */
import assert from "node:assert/strict";
import { makeIssuerKey, signToken } from "../../support/id_tokens.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runAgent } from "../../support/pilot_agent.ts";
import { run } from "../../support/process.ts";
import { runSignet, startSignet } from "../../support/server.ts";

const IDENTITY = "spiffe://cluster.local/ns/shop/sa/vm";

testWithPeers(
  "pilot-agent joins with a token and renews by its certificate",
  ["pilot-agent", "openssl"],
  async (t, { "pilot-agent": agent, openssl }) => {
    await using server = await startSignet();
    const cwd = await Deno.makeTempDir({ prefix: "signet-agent-" });
    try {
      const made = await runSignet(
        ["token", "create", "--identity", IDENTITY, "--stateDir", server.stateDir],
      );
      assert.equal(made.code, 0, made.stderr);
      await Deno.mkdir(`${cwd}/var/run/secrets/tokens`, { recursive: true });
      await Deno.mkdir(`${cwd}/certs`);
      const token = made.stdout.trim().split("\n").at(-1)!;
      await Deno.writeTextFile(`${cwd}/var/run/secrets/tokens/istio-token`, token);
      await Deno.copyFile(server.rootFile, `${cwd}/root.pem`);
      const ca = server.addr("secureGrpc").replace("127.0.0.1", "localhost");
      const printed = await runAgent(agent, {
        ...{ cwd, ca, count: 3 },
        env: { PROV_CERT: "./certs", OUTPUT_CERTS: "./certs" },
      });
      await t.step("the token was spent once, on the first key", async () => {
        const listed = await runSignet(
          ["token", "list", "--output", "json", "--stateDir", server.stateDir],
        );
        assert.equal(listed.code, 0, listed.stderr);
        assert.ok(
          !printed.includes(token) && !server.stdout().includes(token),
          "no token in a log",
        );
        const [entry] = JSON.parse(listed.stdout);
        assert.equal(entry.used, 1, listed.stdout);
      });
      await t.step("what it wrote verifies, and names the identity", async () => {
        const args = ["verify", "-x509_strict", "-CAfile", server.rootFile];
        const chain = `${cwd}/certs/cert-chain.pem`;
        // The last certificate may have run out by now: that is not what is looked at.
        const { code, stdout, stderr } = await run(openssl, [...args, "-no_check_time", chain]);
        assert.equal(code, 0, stdout + stderr);
        const shown = await run(openssl, [
          "x509",
          "-in",
          chain,
          "-noout",
          "-ext",
          "subjectAltName",
        ]);
        assert.match(shown.stdout, new RegExp(`URI:${IDENTITY}`));
      });
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
);

testWithPeers(
  "pilot-agent renews with an ID token of an OpenID Connect issuer",
  ["pilot-agent"],
  async (_, { "pilot-agent": agent }) => {
    const key = await makeIssuerKey("k1");
    await using issuer = listenIssuer({ keys: [key.jwk] });
    const url = `http://127.0.0.1:${issuer.port}`;
    const rule = { issuer: url, jwks_uri: `${url}/keys`, audiences: ["istio-ca"] };
    await using server = await startSignet({ env: { JWT_RULE: JSON.stringify(rule) } });
    const cwd = await Deno.makeTempDir({ prefix: "signet-agent-" });
    try {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const sub = "system:serviceaccount:shop:vm";
      const token = await signToken(key, { iss: url, aud: ["istio-ca"], sub, exp });
      await Deno.mkdir(`${cwd}/var/run/secrets/tokens`, { recursive: true });
      await Deno.mkdir(`${cwd}/out`);
      await Deno.writeTextFile(`${cwd}/var/run/secrets/tokens/istio-token`, token);
      await Deno.copyFile(server.rootFile, `${cwd}/root.pem`);
      const ca = server.addr("secureGrpc").replace("127.0.0.1", "localhost");
      await runAgent(agent, { cwd, ca, count: 3, env: { OUTPUT_CERTS: "./out" } });
      assert.ok(!server.stdout().includes(token), "no token in the log");
      const issued = [
        ...server.stdout().matchAll(/identities=\["spiffe:[^"]*\/ns\/shop\/sa\/vm"\]/g),
      ];
      assert.ok(issued.length >= 3, `${issued.length} certificates`);
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
);

/** Answers every request with a key set. */
function listenIssuer(keys: unknown): AsyncDisposable & { readonly port: number } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json(keys),
  );
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}
