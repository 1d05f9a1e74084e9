// Statuses of CreateCertificate that need a server in an unusual state: `statuses.ts` names them.
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

import { authorityMaker, istioFiles, writeFiles } from "../../support/ca_sets.ts";
import {
  caclient,
  type Issued,
  issueIdentity,
  type Load,
  tlsFlags,
} from "../../support/caclient.ts";
import { base64Url } from "../../support/id_tokens.ts";
import { listTokens, makeToken } from "../../support/join_token.ts";
import { opensslCa, selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";

const RSA_KEY = new URL("../../vectors/keys/good/rsa2048.pem", import.meta.url);
/** A token that names no key is tried with each: about a millisecond a key. */
const ISSUER_KEYS = 8;
/** Costly tokens that one address sends, again and again, until others were served so often. */
const COUNT = 1_500;
const SERVED = 3;

function issue(path: string, server: SignetServer, ...more: readonly string[]): Promise<Issued> {
  return caclient<Issued>(path, ["issue", ...tlsFlags(server), ...more]);
}

testWithPeers("XDS_AUTH=false lets nobody in", ["caclient"], async (_t, peers) => {
  await using server = await startSignet({ env: { XDS_AUTH: "false" } });
  const { code, message } = await issue(peers.caclient, server);
  assert.deepEqual([code, message], ["Unauthenticated", "request authenticate failure"]);
});

testWithPeers(
  "the plaintext port has no CA, with a secure port or without",
  ["caclient"],
  async (_t, peers) => {
    for (const args of [[], ["--secureGRPCAddr="]]) {
      await using server = await startSignet({ args });
      const { text } = await makeToken(server);
      const flags = ["-addr", server.addr("grpc"), "-plaintext", "-bearer", text];
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
      assert.equal(issued.code, "Unimplemented", issued.message);
      assert.equal((await listTokens(server))[0]?.used, 0);
    }
  },
);

testWithPeers(
  "a good token beside a bad client certificate does not save the handshake",
  ["caclient", "openssl"],
  async (_t, peers) => {
    await using server = await startSignet();
    const current = `${server.stateDir}/ca/current`;
    const ca = await opensslCa(peers.openssl, `${server.cwd}/openssl`, {
      cert: `${current}/ca-cert.pem`,
      key: `${current}/ca-key.pem`,
      roots: server.rootFile,
    });
    const token = ["-bearer", (await makeToken(server)).text];
    const bad = await ca.issue("bad", { sans: ["URI:spiffe://other/ns/default/sa/demo"] });
    const flags = [...tlsFlags(server, bad), ...token, "-deadline", "10s"];
    const refused = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
    assert.equal(refused.code, "Unavailable", refused.message);
    assert.equal((await listTokens(server))[0]?.used, 0);
    assert.equal((await issue(peers.caclient, server, ...token)).code, "OK");
  },
);

testWithPeers(
  "a CA whose certificate has ended says so, and spends no token",
  ["caclient", "openssl"],
  async (_t, peers) => {
    await using dir = await tempDir();
    const { path } = dir;
    const own = await selfSignedCa(peers.openssl, `${path}/own`, "/O=own");
    const maker = await opensslCa(peers.openssl, `${path}/issued`, { ...own, roots: own.cert });
    const tls = await maker.issue("server", { sans: ["DNS:localhost"] });
    const make = authorityMaker(peers.openssl, path);
    const short = await make("short", { notAfterMs: 15_000 });
    await writeFiles(`${path}/etc/cacerts`, istioFiles({ ca: short, roots: [short] }));
    const files = ["--caCertFile", own.cert, "--tlsCertFile", tls.cert, "--tlsKeyFile", tls.key];
    await using server = await startSignet({ cwd: path, args: files });
    const { text } = await makeToken(server, ["--uses", "100000"]);
    const addr = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost"];
    let served = 0;
    const ended = await until("the CA's certificate has ended", async () => {
      const flags = [...addr, "-roots", own.cert, "-bearer", text];
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
      if (issued.code !== "OK") return issued;
      served++;
      return undefined;
    });
    assert.equal(ended.code, "Internal", ended.message);
    assert.match(ended.message ?? "", /^CSR signing error \(.*cert chain has expired/);
    assert.equal((await listTokens(server))[0]?.used, served);
  },
);

testWithPeers(
  "a database that another process holds is an internal error, and spends no token",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet();
    const { text } = await makeToken(server);
    const path = `${server.stateDir}/state.db`;
    const database = new DatabaseSync(path);
    try {
      database.exec("BEGIN IMMEDIATE");
      const held = await issue(peers.caclient, server, "-bearer", text);
      const expected = ["Internal", "CSR signing error (internal error)"];
      assert.deepEqual([held.code, held.message], expected);
      database.exec("ROLLBACK");
    } finally {
      database.close();
    }
    assert.equal((await issue(peers.caclient, server, "-bearer", text)).code, "OK");
    assert.match(server.stdout(), /Cannot change \S+state\.db: another process holds it/);
  },
);

/** An issuer with many large keys, which a token without a key's name is tried with one by one. */
async function costlyIssuer() {
  const privateKey = createPrivateKey(await Deno.readTextFile(RSA_KEY));
  const jwk = { ...createPublicKey(privateKey).export({ format: "jwk" }), alg: "RS256" };
  const keys = Array.from({ length: ISSUER_KEYS }, () => jwk);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ keys }),
  );
  const signed = (signature: (input: string) => Uint8Array) => {
    const claims = {
      iss: "costly",
      aud: ["istio-ca"],
      sub: "system:serviceaccount:a:b",
      exp: Math.floor(Date.now() / 1000) + 600,
    };
    const input = `${base64Url('{"alg":"RS256"}')}.${base64Url(JSON.stringify(claims))}`;
    return `${input}.${base64Url(signature(input))}`;
  };
  return {
    rule: {
      issuer: "costly",
      jwks_uri: `http://127.0.0.1:${server.addr.port}/`,
      audiences: ["istio-ca"],
    },
    good: signed((input) => sign("sha256", new TextEncoder().encode(input), privateKey)),
    bad: signed(() => randomBytes(256)),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Floods until it is enough, and counts how the calls ended. */
async function floodUntil(
  isEnough: () => boolean,
  flood: (count: number) => Promise<Load>,
): Promise<{ readonly calls: number; readonly limited: number; readonly refused: number }> {
  let [calls, limited, refused] = [0, 0, 0];
  do {
    const { codes } = await flood(COUNT);
    calls += COUNT;
    limited += codes["ResourceExhausted"] ?? 0;
    refused += codes["Unauthenticated"] ?? 0;
  } while (!isEnough());
  return { calls, limited, refused };
}

testWithPeers(
  "costly bad tokens of one address are turned away, and nobody else is",
  ["caclient"],
  async (_t, peers) => {
    await using issuer = await costlyIssuer();
    await using server = await startSignet({ env: { JWT_RULE: JSON.stringify(issuer.rule) } });
    const identity = await issueIdentity(server);
    assert.equal((await issue(peers.caclient, server, "-bearer", issuer.good)).code, "OK");
    let isEnough = false;
    const flood = floodUntil(() => isEnough, (count) =>
      caclient<Load>(peers.caclient, [
        ...["load", ...tlsFlags(server), "-bearer", issuer.bad, "-count", String(count)],
        ...["-concurrency", "300", "-connections", "1"],
      ]));
    const turnedAway = 'signet_limited_total{limit="authenticating"}';
    try {
      await until("the flood is turned away", async () => await metric(server, turnedAway));
      for (let served = 0; served < SERVED; served++) {
        const elsewhere = ["-source", "127.0.0.2", "-bearer", issuer.good];
        const other = await issue(peers.caclient, server, ...elsewhere);
        assert.equal(other.code, "OK", other.message);
        const args = ["issue", ...tlsFlags(server, identity)];
        const certified = await caclient<Issued>(peers.caclient, args);
        assert.equal(certified.code, "OK", certified.message);
      }
    } finally {
      isEnough = true;
      await flood;
    }
    const { calls, limited, refused } = await flood;
    assert.ok(refused > 0 && limited > 0);
    assert.equal(limited + refused, calls);
    assert.equal(await metric(server, turnedAway), limited);
  },
);
