import assert from "node:assert/strict";

import { DEMO_IDENTITY, type IdentityFiles, issueIdentity } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { refusesP256WithSha384, type SignetServer, startSignet } from "../../support/server.ts";

interface Shake {
  readonly openssl: string;
  readonly server: SignetServer;
  readonly identity?: IdentityFiles;
  readonly args: readonly string[];
}

async function shake(
  { openssl, server, identity, args }: Shake,
): Promise<{ code: number; text: string }> {
  const trust = ["-CAfile", server.rootFile, "-verify_return_error", "-servername", "localhost"];
  const mine = identity === undefined ? [] : ["-cert", identity.cert, "-key", identity.key];
  const all = ["s_client", "-connect", server.addr("secureGrpc"), ...trust, ...mine, ...args];
  const { code, stdout, stderr } = await run(openssl, all, { stdin: "", timeoutMs: 20_000 });
  return { code, text: stdout + stderr };
}

const NAMES = [
  "localhost",
  "istiod.istio-system.svc",
  "istiod-remote.istio-system.svc",
  "istio-pilot.istio-system.svc",
];

testWithPeers(
  "openssl s_client shakes hands with TLS 1.2 and 1.3 and gets h2",
  ["openssl"],
  async (t, peers) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    const good = { openssl: peers.openssl, server };
    const rsa = await issueIdentity(server, DEMO_IDENTITY, "rsa", "RSA-2048");
    const sha256 = ["-sigalgs", "ECDSA+SHA256"];
    const rows = [
      { name: "TLSv1.2, no client certificate", flag: "-tls1_2" },
      { name: "TLSv1.2, P-256 client key, SHA-256", flag: "-tls1_2", identity, more: sha256 },
      { name: "TLSv1.2, RSA client key", flag: "-tls1_2", identity: rsa },
      { name: "TLSv1.3, no client certificate", flag: "-tls1_3" },
      { name: "TLSv1.3, P-256 client key", flag: "-tls1_3", identity },
      { name: "TLSv1.3, RSA client key", flag: "-tls1_3", identity: rsa },
    ];
    for (const { name, flag, more = [], ...given } of rows) {
      await t.step(name, async () => {
        const { code, text } = await shake({
          ...good,
          ...given,
          args: [flag, "-alpn", "h2", ...more],
        });
        assert.equal(code, 0, text);
        assert.match(text, /Verify return code: 0 \(ok\)/);
        assert.match(text, /ALPN protocol: h2/);
        const [version] = name.split(",");
        assert.match(text, new RegExp(`New, ${version}|Protocol *: ${version}`));
      });
    }
    await t.step("TLSv1.2, P-256 client key, the server's first choice of hash", async () => {
      const { code, text } = await shake({ ...good, identity, args: ["-tls1_2", "-alpn", "h2"] });
      if (refusesP256WithSha384()) {
        assert.notEqual(code, 0, `served: this runtime has no known limit any more:\n${text}`);
        assert.match(text, /alert certificate unknown|SSL alert number 46/);
      } else {
        assert.equal(code, 0, text);
      }
    });
    for (const name of NAMES) {
      await t.step(`the certificate names ${name}`, async () => {
        const { code, text } = await shake({
          ...good,
          args: ["-alpn", "h2", "-verify_hostname", name],
        });
        assert.equal(code, 0, text);
      });
    }
    await t.step("the certificate names 127.0.0.1", async () => {
      const { code, text } = await shake({
        ...good,
        args: ["-alpn", "h2", "-verify_ip", "127.0.0.1"],
      });
      assert.equal(code, 0, text);
    });
  },
);

testWithPeers(
  "openssl s_client is refused what gRPC does not speak",
  ["openssl"],
  async (t, peers) => {
    await using server = await startSignet();
    const rows = {
      "TLS 1.1": ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
      "TLS 1.0": ["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"],
      "HTTP/1.1 alone by ALPN": ["-alpn", "http/1.1"],
    };
    for (const [name, args] of Object.entries(rows)) {
      await t.step(name, async () => {
        const { code, text } = await shake({ openssl: peers.openssl, server, args });
        assert.notEqual(code, 0, text);
      });
    }
    await t.step("and a floor of TLS 1.3 holds", async () => {
      await using strict = await startSignet({ args: ["--tls-min-version", "1.3"] });
      const refused = await shake({
        openssl: peers.openssl,
        server: strict,
        args: ["-tls1_2", "-alpn", "h2"],
      });
      assert.notEqual(refused.code, 0, refused.text);
      const taken = await shake({
        openssl: peers.openssl,
        server: strict,
        args: ["-tls1_3", "-alpn", "h2"],
      });
      assert.equal(taken.code, 0, taken.text);
    });
  },
);
