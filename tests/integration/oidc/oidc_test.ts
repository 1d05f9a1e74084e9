import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";

import { caclient, type Issued, tlsFlags } from "../../support/caclient.ts";
import { base64Url } from "../../support/id_tokens.ts";
import { mustRun, opensslCa, selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { type SignetServer, spawnSignet, startSignet } from "../../support/server.ts";

const PEERS = ["caclient", "openssl"] as const;
const IDENTITY = "spiffe://cluster.local/ns/ns-a/sa/sa-b";
const REFUSED = { code: "Unauthenticated", message: "request authenticate failure" };

/** An issuer whose keys a test sets. */
interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  keys: unknown[];
  readonly requests: string[];
}

function listenIssuer(tls?: { readonly cert: string; readonly key: string }): TestIssuer {
  const issuer = { keys: [] as unknown[], requests: [] as string[], url: "" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls },
    (request) => {
      const { pathname } = new URL(request.url);
      issuer.requests.push(pathname);
      if (pathname === "/keys") return Response.json({ keys: issuer.keys });
      if (pathname !== "/.well-known/openid-configuration") {
        return new Response("", { status: 404 });
      }
      return Response.json({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
    },
  );
  issuer.url = `${tls ? "https" : "http"}://localhost:${server.addr.port}`;
  return Object.assign(issuer, { [Symbol.asyncDispose]: () => server.shutdown() });
}

/** A key that openssl made and signs with. */
interface OpensslKey {
  readonly jwk: Readonly<Record<string, unknown>>;
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

async function opensslKey(openssl: string, directory: string, kid: string): Promise<OpensslKey> {
  const path = `${directory}/${kid}.pem`;
  await mustRun(openssl, ["genrsa", "-out", path, "2048"]);
  const jwk = createPublicKey(await Deno.readTextFile(path)).export({ format: "jwk" });
  return {
    jwk: { ...jwk, kid, use: "sig" },
    async sign(claims) {
      const input = `${directory}/input`;
      const header = base64Url(JSON.stringify({ alg: "RS256", kid }));
      const signed = `${header}.${base64Url(JSON.stringify(claims))}`;
      await Deno.writeTextFile(input, signed);
      const out = `${directory}/signature`;
      await mustRun(openssl, ["dgst", "-sha256", "-sign", path, "-out", out, input]);
      return `${signed}.${base64Url(await Deno.readFile(out))}`;
    },
  };
}

function claims(issuer: string): Record<string, unknown> {
  const exp = Math.floor(Date.now() / 1000) + 600;
  return { iss: issuer, aud: ["istio-ca"], sub: "system:serviceaccount:ns-a:sa-b", exp };
}

function issue(path: string, server: SignetServer, token: string): Promise<Issued> {
  return caclient<Issued>(path, ["issue", ...tlsFlags(server), "-bearer", token]);
}

function assertServed(issued: Issued): void {
  assert.equal(issued.code, "OK", issued.message);
  assert.deepEqual(issued.verdict?.uris, [IDENTITY]);
}

function assertRefused({ code, message }: Issued): void {
  assert.deepEqual({ code, message }, REFUSED);
}

function assertNotLogged(server: SignetServer, tokens: readonly string[]): void {
  const printed = server.stdout() + server.stderr();
  for (const token of tokens) {
    const [, payload, signature] = token.split(".");
    assert.ok(
      !printed.includes(payload!) && !printed.includes(signature!),
      "a token is in the log",
    );
  }
}

const DEBUG = ["--log_output_level", "default:debug"];

testWithPeers(
  "JWT_RULE: tokens of an HTTPS issuer of a private CA, also when it is out of reach",
  PEERS,
  async (t, peers) => {
    await using directory = await tempDir();
    const own = await selfSignedCa(peers.openssl, `${directory.path}/ca`, "/O=issuer");
    const ca = await opensslCa(peers.openssl, `${directory.path}/issued`, {
      ...own,
      roots: own.cert,
    });
    const leaf = await ca.issue("issuer", { sans: ["DNS:localhost"], key: "RSA-2048" });
    await using issuer = listenIssuer({
      cert: await Deno.readTextFile(leaf.cert),
      key: await Deno.readTextFile(leaf.key),
    });
    const one = await opensslKey(peers.openssl, directory.path, "one");
    issuer.keys = [one.jwk];
    const rule = JSON.stringify({ issuer: issuer.url, audiences: ["istio-ca"] });
    await t.step("without the CA the issuer is not trusted, and the start fails", async () => {
      await using server = await spawnSignet({ env: { JWT_RULE: rule } });
      assert.equal(await server.exited, 1);
      assert.match(server.stderr(), /the issuer's keys could not be fetched: Cannot get /);
    });
    const env = { JWT_RULE: rule, SSL_CERT_FILE: own.cert };
    await using server = await startSignet({ args: DEBUG, env });
    const good = await one.sign(claims(issuer.url));
    const tokens = [good];
    await t.step("a good token", async () => {
      assertServed(await issue(peers.caclient, server, good));
    });
    await t.step("bad ones", async () => {
      const bad = {
        audience: { ...claims(issuer.url), aud: ["istio"] },
        issuer: claims("https://other"),
        subject: { ...claims(issuer.url), sub: "system:serviceaccount" },
        expired: { ...claims(issuer.url), exp: 1 },
      };
      for (const one_ of Object.values(bad)) tokens.push(await one.sign(one_));
      tokens.push(`${good.slice(0, -8)}AAAAAAAA`);
      for (const token of tokens.slice(1)) {
        assertRefused(await issue(peers.caclient, server, token));
      }
    });
    await t.step("a megabyte", async () => {
      const path = `${directory.path}/megabyte`;
      await Deno.writeTextFile(path, `e${"y".repeat(1 << 20)}`);
      const args = ["issue", ...tlsFlags(server), "-bearer-file", path];
      assert.notEqual((await caclient<Issued>(peers.caclient, args)).code, "OK");
    });
    await t.step("an outage: the keys that are known keep working", async () => {
      await issuer[Symbol.asyncDispose]();
      assertServed(await issue(peers.caclient, server, good));
    });
    assertNotLogged(server, tokens);
  },
);

testWithPeers(
  "outside a cluster: TOKEN_ISSUER and AUDIENCE, or the server's own token, over plain HTTP",
  PEERS,
  async (t, peers) => {
    await using directory = await tempDir();
    await using issuer = listenIssuer();
    const key = await opensslKey(peers.openssl, directory.path, "one");
    issuer.keys = [key.jwk];
    const good = await key.sign(claims(issuer.url));
    const served = async (options: Parameters<typeof startSignet>[0]) => {
      await using server = await startSignet({ args: DEBUG, ...options });
      const issued = await issue(peers.caclient, server, good);
      assertNotLogged(server, [good]);
      return issued;
    };
    const env = { TOKEN_ISSUER: issuer.url, AUDIENCE: "istio-ca" };
    await t.step("by the variables", async () => assertServed(await served({ env })));
    await t.step(
      "not in a cluster",
      async () =>
        assertRefused(
          await served({
            env: { ...env, KUBERNETES_SERVICE_HOST: "10.0.0.1", ISTIOD_CUSTOM_HOST: "localhost" },
          }),
        ),
    );
    await t.step(
      "not without an audience",
      async () => assertRefused(await served({ env: { TOKEN_ISSUER: issuer.url } })),
    );
    await using cwd = await tempDir();
    await Deno.mkdir(`${cwd.path}/var/run/secrets/tokens`, { recursive: true });
    const ownToken = `${cwd.path}/var/run/secrets/tokens/istio-token`;
    await t.step("by the own token", async () => {
      await Deno.writeTextFile(ownToken, good);
      assertServed(await served({ cwd: cwd.path }));
    });
    await t.step("an own token that is none is logged without itself", async () => {
      await Deno.writeTextFile(ownToken, "hidden.hidden");
      await using server = await startSignet({ cwd: cwd.path, args: DEBUG });
      assertRefused(await issue(peers.caclient, server, good));
      assert.match(server.stdout(), /Cannot use .*istio-token: it has 2 parts, should have 3/);
      assert.ok(!server.stdout().includes("hidden"));
    });
    await t.step(
      "an issuer that cannot be discovered is logged, and the server starts",
      async () => {
        const dead = "http://127.0.0.1:1";
        await using server = await startSignet({ env: { ...env, TOKEN_ISSUER: dead } });
        assertRefused(await issue(peers.caclient, server, good));
        assert.match(server.stdout(), /Cannot fetch the issuer's keys/);
      },
    );
    await t.step("keys at jwks_uri are fetched with the first token", async () => {
      const rule = { issuer: "anybody", jwks_uri: `${issuer.url}/keys`, audiences: ["istio-ca"] };
      issuer.requests.length = 0;
      await using server = await startSignet({ env: { JWT_RULE: JSON.stringify(rule) } });
      assert.deepEqual(issuer.requests, []);
      const token = await key.sign(claims("anybody"));
      assertServed(await issue(peers.caclient, server, token));
      assert.deepEqual(issuer.requests, ["/keys"]);
    });
    await t.step("a jwks_uri out of reach still starts", async () => {
      const rule = { issuer: "x", jwks_uri: "http://127.0.0.1:1/keys", audiences: ["istio-ca"] };
      await using server = await startSignet({ env: { JWT_RULE: JSON.stringify(rule) } });
      assertRefused(await issue(peers.caclient, server, await key.sign(claims("x"))));
    });
  },
);

Deno.test("JWT_RULE that is wrong is a start error that says what", async (t) => {
  const rows: Readonly<Record<string, readonly [string, RegExp]>> = {
    "no JSON": ["{", /JWT_RULE: .* should be JSON/],
    "a list": ["[]", /should be a JSON object/],
    "no issuer": ["{}", /should have an issuer/],
    "audiences as a text": ['{"issuer":"https://a","audiences":"b"}', /list of texts as audiences/],
    "an issuer to discover that is no URL": ['{"issuer":"a"}', /http or https URL as issuer/],
    "a jwks_uri that is no URL": ['{"issuer":"a","jwks_uri":"b"}', /http or https URL as jwks_uri/],
  };
  for (const [name, [rule, message]] of Object.entries(rows)) {
    await t.step(name, async () => {
      await using server = await spawnSignet({ env: { JWT_RULE: rule } });
      assert.equal(await server.exited, 2);
      assert.match(server.stderr(), message);
    });
  }
});
