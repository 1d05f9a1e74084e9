import assert from "node:assert/strict";

import {
  caclient,
  type HostileTls,
  type IdentityFiles,
  issueIdentity,
  tlsFlags,
} from "../../support/caclient.ts";
import {
  type CertificateRequest,
  mustRun,
  opensslCa,
  selfSignedCa,
} from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";

const DAY_MS = 86_400_000;
const GOOD = "URI:spiffe://cluster.local/ns/default/sa/demo";
const PEERS = ["caclient", "openssl"] as const;
const VERSIONS = ["1.2", "1.3"] as const;
/** How long a certificate is good for that a client connects with in time and comes back with too late. */
const BRIEF_MS = 8_000;

/** Each is good but for what its name says. All have RSA keys, which every runtime takes over TLS 1.2 too. */
const BAD: Readonly<Record<string, CertificateRequest>> = {
  expired: { notBeforeMs: -2 * DAY_MS, notAfterMs: -DAY_MS },
  "not yet valid": { notBeforeMs: DAY_MS, notAfterMs: 2 * DAY_MS },
  "no SAN": { sans: [] },
  "no URI": { sans: ["DNS:demo.default"] },
  "two URIs": { sans: [GOOD, "URI:spiffe://cluster.local/ns/default/sa/other"] },
  "two equal URIs": { sans: [GOOD, GOOD] },
  "another trust domain": { sans: ["URI:spiffe://other.local/ns/default/sa/demo"] },
  "a trust domain that merely begins alike": {
    sans: ["URI:spiffe://cluster.local.evil/ns/default/sa/demo"],
  },
  "a URI that is no SPIFFE ID": { sans: ["URI:https://cluster.local/ns/default/sa/demo"] },
  "a path too short": { sans: ["URI:spiffe://cluster.local/ns/default"] },
  "a path too long": { sans: ["URI:spiffe://cluster.local/ns/default/sa/demo/more"] },
  "a path of another shape": { sans: ["URI:spiffe://cluster.local/region/default/sa/demo"] },
  "not for clients": { extendedKeyUsage: ["serverAuth"] },
  "not for servers": { extendedKeyUsage: ["clientAuth"] },
};

async function control(openssl: string, server: SignetServer) {
  const current = `${server.stateDir}/ca/current`;
  const files = {
    cert: `${current}/ca-cert.pem`,
    key: `${current}/ca-key.pem`,
    roots: server.rootFile,
  };
  return await opensslCa(openssl, `${server.cwd}/openssl`, files);
}

function present(
  path: string,
  server: SignetServer,
  identity: Parameters<typeof tlsFlags>[1],
  more: string[] = [],
) {
  return caclient<HostileTls>(path, [
    "hostiletls",
    ...tlsFlags(server, identity),
    "-deadline",
    "10s",
    ...more,
  ]);
}

testWithPeers(
  "bad client certificates abort the handshake, resumed or not",
  PEERS,
  async (t, peers) => {
    await using server = await startSignet();
    const ca = await control(peers.openssl, server);
    const good = await ca.issue("good", { key: "RSA-2048" });
    const expectGood = async () => {
      const { attempts } = await present(peers.caclient, server, good, ["-tries", "1"]);
      assert.deepEqual(
        attempts.map((attempt) => attempt.issue.code),
        ["OK", "OK"],
        JSON.stringify(attempts),
      );
    };
    await t.step("control: a good one made the same way is served", expectGood);
    let number = 0;
    for (const [name, request] of Object.entries(BAD)) {
      await t.step(name, async () => {
        const bad = await ca.issue(`bad${++number}`, { key: "RSA-2048", ...request });
        const tried = await present(peers.caclient, server, bad);
        assert.equal(tried.attempts.length, 6);
        assert.equal(tried.anyServed, false, JSON.stringify(tried.attempts));
      });
    }
    await t.step("the next good one is served", expectGood);
  },
);

testWithPeers(
  "client certificates of other issuers abort the handshake",
  PEERS,
  async (t, peers) => {
    await using server = await startSignet();
    const { openssl } = peers;
    const mesh = await control(openssl, server);
    const roots = server.rootFile;
    const about = await mustRun(openssl, [
      "x509",
      "-in",
      roots,
      "-noout",
      "-subject",
      "-ext",
      "subjectKeyIdentifier",
    ]);
    const organization = /O *= *([^\n,]+)/.exec(about)?.[1] ?? "";
    const subjectKeyId = /((?:[0-9A-F]{2}:){19}[0-9A-F]{2})/.exec(about)?.[1] ?? "";
    assert.notEqual(organization + subjectKeyId, "");
    const refuse = async (identity: { cert: string; key: string; roots: string }) => {
      const tried = await present(peers.caclient, server, identity);
      assert.equal(tried.anyServed, false, JSON.stringify(tried.attempts));
    };
    const stranger = async (dir: string, options: { subjectKeyId?: string }, chain: boolean) => {
      const own = await selfSignedCa(
        openssl,
        `${server.cwd}/${dir}`,
        `/O=${organization}`,
        options,
      );
      const files = { ...own, roots, ...(chain ? { chain: own.cert } : {}) };
      const ca = await opensslCa(openssl, `${server.cwd}/${dir}-issued`, files);
      return await ca.issue("leaf");
    };
    await t.step(
      "another CA of the same name",
      async () => refuse(await stranger("named", {}, false)),
    );
    await t.step(
      "another CA of the same name and key identifier, its certificate sent along",
      async () => {
        await refuse(await stranger("posing", { subjectKeyId }, true));
      },
    );
    await t.step("a leaf that plays CA", async () => {
      const leaf = await mesh.issue("leafca");
      const ca = await opensslCa(openssl, `${server.cwd}/leafca-issued`, {
        ...leaf,
        chain: leaf.cert,
      });
      await refuse(
        await ca.issue("leaf", { sans: ["URI:spiffe://cluster.local/ns/kube-system/sa/admin"] }),
      );
    });
    await t.step("a workload's own issued certificate that plays CA", async () => {
      const leaf = await issueIdentity(server);
      const ca = await opensslCa(openssl, `${server.cwd}/issued-issued`, {
        ...leaf,
        chain: leaf.cert,
      });
      await refuse(await ca.issue("leaf"));
    });
  },
);

testWithPeers(
  "a session ticket does not outlive the certificate behind it",
  PEERS,
  async (t, peers) => {
    await using server = await startSignet();
    const ca = await control(peers.openssl, server);
    const identities = new Map<string, IdentityFiles>();
    for (const version of VERSIONS) {
      const request = { notAfterMs: BRIEF_MS, key: "RSA-2048" } as const;
      identities.set(version, await ca.issue(`brief${version}`, request));
    }
    const tried = VERSIONS.map((version) =>
      present(peers.caclient, server, identities.get(version), [
        "-tries=2",
        `-wait=${BRIEF_MS + 1_000}ms`,
        `-tls=${version}`,
      ])
    );
    for (const [at, { attempts }] of (await Promise.all(tried)).entries()) {
      await t.step(`TLS ${VERSIONS[at]}`, () => {
        assert.deepEqual(
          attempts.map((attempt) => attempt.served),
          [true, false],
          JSON.stringify(attempts),
        );
      });
    }
  },
);
