/** kdig as a client: what it sees of names, options and certificates. */
import assert from "node:assert/strict";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { runSignet } from "../../support/server.ts";
import { startMesh } from "./mesh.ts";

testWithPeers(
  "kdig reads the mesh's names over TLS, padded, kept alive and verified",
  ["kdig"],
  async (t, { kdig }) => {
    await using server = await startMesh();
    const ask = async (...args: string[]) => {
      const at = ["@127.0.0.1", "-p", String(server.ports.dns), "+timeout=10", "+retry=0"];
      const { stdout, stderr } = await run(kdig, [...at, ...args]);
      return stdout + stderr;
    };
    const verified = [`+tls-ca=${server.rootFile}`, "+tls-hostname=localhost"];

    await t.step(
      "an address, by the mesh's root and the server's name, padded to 468",
      async () => {
        const said = await ask(...verified, "db.example", "A");
        assert.match(said, /status: NOERROR/);
        assert.match(said, /Flags: qr aa rd;/);
        assert.match(said, /db\.example\.\s+30\s+IN\s+A\s+10\.0\.0\.7/);
        assert.match(said, /Received 468 B/);
      },
    );
    await t.step("the opportunistic profile, SRV, PTR and TXT", async () => {
      const questions = ["_http._tcp.db.example", "SRV", "7.0.0.10.in-addr.arpa", "PTR"];
      const said = await ask("+tls", ...questions, "dns-version.cluster.local", "TXT");
      assert.match(said, /IN\s+SRV\s+0 100 80 db\.example\./);
      assert.match(said, /IN\s+PTR\s+db\.example\./);
      assert.match(said, /IN\s+TXT\s+"1\.1\.0"/);
    });
    await t.step("nothing of a type, and no such name, each with a SOA", async () => {
      const none = await ask("+tls", "db.example", "AAAA");
      assert.match(none, /status: NOERROR/);
      assert.match(none, /db\.example\.\s+30\s+IN\s+SOA/);
      const unknown = await ask("+tls", "nope.svc.cluster.local", "A");
      assert.match(unknown, /status: NXDOMAIN/);
      assert.match(unknown, /cluster\.local\.\s+30\s+IN\s+SOA/);
    });
    await t.step("keepalive comes back with 30 s", async () => {
      assert.match(await ask("+tls", "+ednsopt=11", "db.example"), /Option \(11\): 012C/);
    });
    await t.step("a name of nobody's is refused with its reason", async () => {
      const said = await ask("+tls", "www.example.org", "A");
      assert.match(said, /status: REFUSED/);
      assert.match(said, /EDE: 20 \(Not Authoritative\)/);
    });
    await t.step("a name that the certificate lacks is not believed", async () => {
      const said = await ask(
        `+tls-ca=${server.rootFile}`,
        "+tls-hostname=other.example",
        "db.example",
      );
      assert.doesNotMatch(said, /status: NOERROR/);
    });
    await t.step("a client certificate decides what is seen", async () => {
      const asNamespace = async (namespace: string) => {
        const out = `${server.cwd}/${namespace}`;
        const identity = `spiffe://cluster.local/ns/${namespace}/sa/client`;
        const issue = [
          "issue",
          "--identity",
          identity,
          "--out",
          out,
          "--stateDir",
          server.stateDir,
        ];
        assert.equal((await runSignet(issue)).code, 0);
        const mine = [`+tls-certfile=${out}/cert-chain.pem`, `+tls-keyfile=${out}/key.pem`];
        return await ask(...verified, ...mine, "private.example", "A");
      };
      assert.match(await asNamespace("shop"), /private\.example\.\s+30\s+IN\s+A\s+10\.0\.0\.9/);
      assert.match(await asNamespace("other"), /status: REFUSED/);
    });
  },
);
