/** Python's grpcio as a client: mutual TLS, a join token, and the statuses that it is shown. */
import assert from "node:assert/strict";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";

const CLIENT = new URL("client.py", import.meta.url).pathname;
const IDENTITY = "spiffe://cluster.local/ns/shop/sa/python";

/** What the client prints. */
interface Answer {
  readonly status: string;
  readonly chain?: string[];
  readonly message?: string;
  readonly retryMs?: number;
  readonly pushbackMs?: number;
}

async function makeCsr(openssl: string, directory: string): Promise<string> {
  const args = [
    ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-keyout", `${directory}/new-key.pem`, "-subj", "/", "-out", `${directory}/new.csr`],
  ];
  assert.equal((await run(openssl, args)).code, 0);
  return `${directory}/new.csr`;
}

testWithPeers(
  "grpcio gets certificates with a client certificate and with a join token, and sees istiod's statuses",
  ["python", "openssl"],
  async (t, { python, openssl }) => {
    await using server: SignetServer = await startSignet();
    const csr = await makeCsr(openssl, server.cwd);
    const ask = async (...more: string[]) => {
      const address = server.addr("secureGrpc").replace("127.0.0.1", "localhost");
      const ran = await run(python, [CLIENT, address, server.rootFile, csr, ...more]);
      assert.equal(ran.code, 0, ran.stderr);
      return JSON.parse(ran.stdout) as Answer;
    };
    const verify = async (chain: readonly string[]) => {
      await Deno.writeTextFile(`${server.cwd}/leaf.pem`, chain[0]!);
      const args = ["verify", "-x509_strict", "-CAfile", server.rootFile, `${server.cwd}/leaf.pem`];
      const { code, stdout, stderr } = await run(openssl, args);
      assert.equal(code, 0, stdout + stderr);
    };

    await t.step("nobody is refused with istiod's words", async () => {
      assert.deepEqual(await ask(), {
        status: "UNAUTHENTICATED",
        message: "request authenticate failure",
      });
    });
    await t.step("a join token gives a certificate", async () => {
      const made = await runSignet(
        ["token", "create", "--identity", IDENTITY, "--stateDir", server.stateDir],
      );
      assert.equal(made.code, 0, made.stderr);
      const token = made.stdout.trim().split("\n").at(-1)!;
      const { status, chain } = await ask("--token", token);
      assert.equal(status, "OK");
      await verify(chain!);
    });
    await t.step("a client certificate gives the next one", async () => {
      const out = `${server.cwd}/certs`;
      const issued = await runSignet(
        ["issue", "--identity", IDENTITY, "--out", out, "--stateDir", server.stateDir],
      );
      assert.equal(issued.code, 0, issued.stderr);
      const credential = ["--cert", `${out}/cert-chain.pem`, "--key", `${out}/key.pem`];
      const { status, chain } = await ask(...credential);
      assert.equal(status, "OK");
      assert.equal(chain!.length, 2);
      await verify(chain!);
      const tooLong = await ask(...credential, "--seconds", String(91 * 86_400));
      assert.equal(tooLong.status, "INVALID_ARGUMENT");
      assert.match(tooLong.message!, /^CSR signing error \(requested TTL 2184h0m0s/);
    });
  },
);

testWithPeers(
  "grpcio is told RESOURCE_EXHAUSTED and when to come back",
  ["python", "openssl"],
  async (_, { python, openssl }) => {
    await using server: SignetServer = await startSignet({
      args: ["--ratePerIdentity", "1", "--burstPerIdentity", "1"],
    });
    const csr = await makeCsr(openssl, server.cwd);
    const out = `${server.cwd}/certs`;
    const issue = ["issue", "--identity", IDENTITY, "--out", out, "--stateDir", server.stateDir];
    assert.equal((await runSignet(issue)).code, 0);
    const address = server.addr("secureGrpc").replace("127.0.0.1", "localhost");
    const credential = ["--cert", `${out}/cert-chain.pem`, "--key", `${out}/key.pem`];
    // One is granted each second, and calls on one connection take milliseconds.
    const args = [CLIENT, address, server.rootFile, csr, ...credential, "--times", "1000"];
    const ran = await run(python, args);
    assert.equal(ran.code, 0, ran.stderr);
    const { status, retryMs, pushbackMs } = JSON.parse(ran.stdout) as Answer;
    assert.equal(status, "RESOURCE_EXHAUSTED", ran.stdout);
    assert.ok(retryMs! >= 100 && retryMs! <= 1_000, String(retryMs));
    assert.equal(pushbackMs, retryMs);
  },
);
