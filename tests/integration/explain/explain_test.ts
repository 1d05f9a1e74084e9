import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { goodClaims, makeIssuerKey, signToken } from "../../support/id_tokens.ts";
import { makeToken, tokenCommand } from "../../support/join_token.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";

interface Explained {
  readonly accepted: boolean;
  readonly identities: readonly string[];
  readonly notes: readonly string[];
  readonly authenticators: readonly {
    readonly type: string;
    readonly verdict: string;
    readonly reason: string;
  }[];
}

async function explain(
  server: SignetServer,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Explained> {
  const all = ["explain", ...args, "--stateDir", server.stateDir, "--output", "json"];
  const ran = await runSignet(all, { cwd: server.cwd, env });
  const said = JSON.parse(ran.stdout) as Explained;
  assert.equal(ran.code, said.accepted ? 0 : 1, ran.stderr);
  return said;
}

testWithPeers("signet explain says of a join token what the server would say", [
  "caclient",
], async (t, peers) => {
  await using server = await startSignet();
  const token = await makeToken(server);
  const path = `${server.cwd}/token`;
  await Deno.writeTextFile(path, `${token.text}\n`);
  await t.step("a fresh one is accepted, and not spent by that", async () => {
    const said = await explain(server, ["--token", path]);
    assert.deepEqual(said.identities, ["spiffe://cluster.local/ns/default/sa/demo"]);
    assert.deepEqual(said.authenticators.map(({ type, verdict }) => [type, verdict]), [
      ["ClientCertAuthenticator", "refuses"],
      ["JoinTokenAuthenticator", "accepts"],
    ]);
    assert.deepEqual(said.notes, ["the join token has been used by 0 of 1 keys"]);
  });
  await t.step("a used one is told", async () => {
    const flags = [...tlsFlags(server), "-bearer", token.text];
    assert.equal((await caclient<Issued>(peers.caclient, ["issue", ...flags])).code, "OK");
    const said = await explain(server, ["--token", path]);
    assert.match(said.notes.join(), /used up: a key that used it may ask again for ten minutes/);
  });
  await t.step("a revoked one is refused, as people read it, without the secret", async () => {
    await tokenCommand(server, ["revoke", token.id]);
    const args = ["explain", `--token=${path}`, "--stateDir", server.stateDir];
    const ran = await runSignet(args, { cwd: server.cwd });
    assert.equal(ran.code, 1);
    assert.match(ran.stdout, /^refused\n/);
    assert.match(ran.stdout, /JoinTokenAuthenticator {3}refuses: join token \w+: it was revoked/);
    assert.ok(!ran.stdout.includes("may ask again"));
    assert.ok(!(ran.stdout + ran.stderr).includes(token.secret));
  });
  await t.step("a token as the argument is not repeated", async () => {
    const ran = await runSignet(["explain", "--token", token.text], { cwd: server.cwd });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /takes a file or -/);
    assert.ok(!ran.stderr.includes(token.secret));
  });
});

Deno.test("signet explain says of an ID token what JWT_RULE makes of it", async (t) => {
  await using server = await startSignet();
  const key = await makeIssuerKey("one");
  await using issuer = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ keys: [key.jwk] }),
  );
  const url = `http://127.0.0.1:${issuer.addr.port}/keys`;
  const env = {
    JWT_RULE: JSON.stringify({ issuer: "https://a", jwks_uri: url, audiences: ["istio-ca"] }),
  };
  const path = `${server.cwd}/jwt`;
  const claims = goodClaims("https://a", Date.now());
  await t.step("good", async () => {
    await Deno.writeTextFile(path, await signToken(key, claims));
    const said = await explain(server, ["--token", path], env);
    assert.deepEqual(said.identities, ["spiffe://cluster.local/ns/ns-a/sa/sa-b"]);
  });
  await t.step("of another audience", async () => {
    await Deno.writeTextFile(path, await signToken(key, { ...claims, aud: "x" }));
    const said = await explain(server, ["--token", path], env);
    assert.match(said.authenticators.at(-1)!.reason, /aud is .*x.*, should name one of "istio-ca"/);
  });
  await t.step("of another trust domain's server", async () => {
    await Deno.writeTextFile(path, await signToken(key, claims));
    const said = await explain(server, ["--trust-domain", "other", "--token", path], env);
    assert.deepEqual(said.identities, ["spiffe://other/ns/ns-a/sa/sa-b"]);
  });
});

Deno.test("signet explain says of a certificate what the handshake and the authenticator would", async (t) => {
  await using server = await startSignet();
  await using other = await startSignet();
  await t.step("one of the mesh", async () => {
    const { cert } = await issueIdentity(server);
    const said = await explain(server, ["--cert", cert]);
    assert.deepEqual(said.identities, ["spiffe://cluster.local/ns/default/sa/demo"]);
  });
  await t.step("one of another mesh ends the handshake", async () => {
    const { cert } = await issueIdentity(other);
    const said = await explain(server, ["--cert", cert]);
    assert.equal(said.accepted, false);
    assert.match(said.notes.join(), /the handshake ends before any authenticator is asked/);
  });
  await t.step("neither, or both", async () => {
    for (const args of [[], ["--token", "a", "--cert", "b"]]) {
      const ran = await runSignet(["explain", ...args], { cwd: server.cwd });
      assert.equal(ran.code, 2);
      assert.match(ran.stderr, /give one of --token and --cert/);
    }
  });
});
