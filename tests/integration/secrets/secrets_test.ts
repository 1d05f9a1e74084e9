import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { goodClaims, makeIssuerKey, signToken } from "../../support/id_tokens.ts";
import { makeToken, tokenCommand } from "../../support/join_token.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { untilLogged } from "../../support/until.ts";

const DEBUG = ["--log_output_level", "default:debug", "--log_as_json"];
/** A line of base64 in a PEM file; the last line of a key may be too short to mean anything. */
const PEM_LINE_REGEXP = /^[A-Za-z0-9+/=]{32,64}$/gm;
const ISSUER = "https://issuer.example";

/** Every private key below a folder, as the lines of its PEM that are the key's alone. */
async function keyLines(dir: string): Promise<ReadonlyMap<string, string>> {
  const lines = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    const path = `${dir}/${name}`;
    if (isDirectory) { for (const [line, at] of await keyLines(path)) lines.set(line, at); }
    else if (name.endsWith(".pem")) {
      const text = await Deno.readTextFile(path);
      if (!text.includes("PRIVATE KEY")) continue;
      for (const [line] of text.matchAll(PEM_LINE_REGEXP)) lines.set(line, path);
    }
  }
  return lines;
}

/** All that a server lets be seen: its log, its pages, and what commands say of it. */
async function everythingShown(server: SignetServer): Promise<string> {
  const texts = [server.stdout(), server.stderr()];
  const get = async (path: string) =>
    await (await fetch(`http://${server.addr("http")}${path}`)).text();
  const list = JSON.parse(await get("/debug/list")) as readonly { readonly href: string }[];
  assert.ok(list.length > 3);
  for (const path of ["/metrics", "/version", ...list.map(({ href }) => href)]) {
    texts.push(await get(path));
  }
  const state = ["--stateDir", server.stateDir];
  for (const args of [["ca", "status"], ["token", "list"], ["check"]]) {
    const ran = await runSignet([...args, ...state, "--output", "json"], { cwd: server.cwd });
    texts.push(ran.stdout, ran.stderr);
  }
  texts.push(await Deno.readTextFile(`${server.stateDir}/in_force.json`));
  return texts.join("\n");
}

testWithPeers(
  "no token and no key is shown anywhere, at the level debug too",
  ["caclient"],
  async (t, peers) => {
    const key = await makeIssuerKey("k1");
    await using issuer = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.json({ keys: [key.jwk] }),
    );
    const jwks_uri = `http://127.0.0.1:${issuer.addr.port}/`;
    const rule = { issuer: ISSUER, jwks_uri, audiences: ["istio-ca"] };
    const env = {
      JWT_RULE: JSON.stringify(rule),
      CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL: "1s",
    };
    await using server = await startSignet({ args: DEBUG, env });
    const secrets = new Map<string, string>();
    const present = async (token: string) => {
      const args = ["issue", ...tlsFlags(server), "-bearer", token];
      return (await caclient<Issued>(peers.caclient, args)).code;
    };
    await t.step("join tokens: used, used again, revoked, unknown, of a wrong secret", async () => {
      const [used, revoked] = [await makeToken(server), await makeToken(server)];
      assert.equal((await tokenCommand(server, ["revoke", revoked.id])).code, 0);
      const wrong = `sjt_${used.id}_${"5a".repeat(32)}`;
      const unknown = `sjt_${"0".repeat(16)}_${"a5".repeat(32)}`;
      const codes = [];
      for (const text of [used.text, used.text, revoked.text, wrong, unknown, `${used.text}x`]) {
        codes.push(await present(text));
        secrets.set(text.slice(21), "a join token");
      }
      assert.deepEqual(codes, ["OK", ...Array.from({ length: 5 }, () => "Unauthenticated")]);
    });
    await t.step(
      "ID tokens: good, of another audience, expired, of a wrong signature",
      async () => {
        const claims = goodClaims(ISSUER, Date.now());
        const good = await signToken(key, claims);
        const tokens = [
          good,
          await signToken(key, { ...claims, aud: "other" }),
          await signToken(key, { ...claims, exp: 1 }),
          `${good.slice(0, -8)}AAAAAAAA`,
        ];
        const codes = [];
        for (const token of tokens) {
          codes.push(await present(token));
          const [, payload = "", signature = ""] = token.split(".");
          secrets.set(payload, "claims of an ID token").set(signature, "an ID token's signature");
        }
        assert.deepEqual(codes, ["OK", ...Array.from({ length: 3 }, () => "Unauthenticated")]);
      },
    );
    await t.step(
      "keys: of the CA, of the one that it is rotated to, its own, a workload's",
      async () => {
        await issueIdentity(server);
        for (const args of [["--new-key"], ["--now"]]) {
          const ran = await runSignet(["ca", "rotate", ...args, "--stateDir", server.stateDir]);
          assert.equal(ran.code, 0, ran.stderr);
          for (const [line, path] of await keyLines(server.cwd)) secrets.set(line, path);
        }
        await untilLogged(server, /cert\.|own certificate|renewed/i);
        for (const [line, path] of await keyLines(server.cwd)) secrets.set(line, path);
      },
    );
    const shown = await everythingShown(server);
    assert.match(shown, /"level":"debug"/);
    const leaked = [...secrets].filter(([text]) => shown.includes(text));
    assert.deepEqual(leaked.map(([, what]) => what), []);
    assert.doesNotMatch(shown, /PRIVATE KEY|sjt_[0-9a-f]{16}_/);
    assert.ok(secrets.size > 15, String(secrets.size));
  },
);
