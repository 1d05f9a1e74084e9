/** What becomes of a connection whose client was let in, when the ground for that is gone. */
import assert from "node:assert/strict";

import { systemClock } from "signet/base/mod.ts";
import { requestCertificate } from "signet/grpc/mod.ts";
import { connectHttp2 } from "signet/transport/mod.ts";
import { csrPem, makeCsr } from "../../support/csrs.ts";
import { message, question, wireName } from "../../support/dns_messages.ts";
import { connectDot, type DotClient } from "../../support/dot_client.ts";
import { opensslCa, selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";
import { makeTestKey } from "../../support/test_keys.ts";
import { untilLogged } from "../../support/until.ts";

testWithPeers(
  "a connection does not outlive the root behind its client's certificate; others stay",
  ["openssl"],
  async (_t, { openssl }) => {
    await using dir = await tempDir();
    const [withdrawn, kept] = await Promise.all(
      ["withdrawn", "kept"].map((name) =>
        selfSignedCa(openssl, `${dir.path}/${name}`, `/O=${name}`)
      ),
    );
    const roots = `${dir.path}/roots.pem`;
    const pem = (file: string) => Deno.readTextFile(file);
    await Deno.writeTextFile(roots, await pem(withdrawn!.cert) + await pem(kept!.cert));
    await using server = await startSignet({ args: ["--caCertFile", roots] });
    const issue = async (name: string, ca: typeof withdrawn) => {
      const issuer = await opensslCa(openssl, `${dir.path}/${name}-issued`, {
        ...ca!,
        roots: server.rootFile,
      });
      const { cert, key } = await issuer.issue("workload", { key: "RSA-2048" });
      return { cert: await pem(cert), key: await pem(key) };
    };
    const [leaver, stayer] = [await issue("withdrawn", withdrawn), await issue("kept", kept)];
    const connect = async ({ cert, key }: typeof leaver) =>
      await connectHttp2({
        addr: { hostname: "127.0.0.1", port: server.ports.secureGrpc },
        serverName: "localhost",
        rootsPem: await pem(server.rootFile),
        identity: { certChainPem: cert, keyPem: key },
        clock: systemClock(),
        timeoutMs: 20_000,
      });
    const connectDns = async (identity: typeof leaver) =>
      await connectDot({
        addr: server.addr("dns"),
        ca: await pem(server.rootFile),
        ...identity,
      });
    const query = async (client: DotClient) => {
      client.send(message({}, question(wireName("localhost"))));
      return (await client.next()) !== undefined;
    };
    const csr = csrPem(makeCsr(makeTestKey("P-256")));
    const ask = (client: Awaited<ReturnType<typeof connect>>) =>
      requestCertificate(client, { csrPem: csr, validitySeconds: 0n, authority: "localhost" });
    await using leaving = await connect(leaver);
    await using staying = await connect(stayer);
    await using leavingDns = await connectDns(leaver);
    await using stayingDns = await connectDns(stayer);
    await ask(leaving);
    await ask(staying);
    assert.ok(await query(leavingDns));
    assert.ok(await query(stayingDns));
    await Deno.copyFile(kept!.cert, roots);
    await untilLogged(server, /files changed/);
    await assert.rejects(ask(leaving), /closed|going away/);
    await ask(staying);
    assert.equal(await leavingDns.next(), undefined, "DNS is served no more");
    assert.ok(await query(stayingDns));
  },
);
