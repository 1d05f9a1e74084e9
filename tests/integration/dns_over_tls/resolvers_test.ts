/** What stands between programs and signet: dnsdist that forwards over TLS, and glibc's stub resolver before it. */
import assert from "node:assert/strict";
import { startDaemon } from "../../support/daemon.ts";
import { announce, peersAreRequired, testWithPeers } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { run } from "../../support/process.ts";
import type { SignetServer } from "../../support/server.ts";
import { startMesh } from "./mesh.ts";

const STUB_PORT = 53;

/** dnsdist in front of signet, which it verifies by the mesh's root, on these addresses. */
async function startDnsdist(dnsdist: string, server: SignetServer, listen: readonly string[]) {
  const config = `${server.cwd}/dnsdist.conf`;
  const lines = [
    ...listen.map((address, i) => `${i === 0 ? "setLocal" : "addLocal"}("${address}")`),
    "newServer({",
    `  address = "127.0.0.1:${server.ports.dns}",`,
    '  tls = "openssl",',
    '  subjectName = "localhost",',
    `  caStore = "${server.rootFile}",`,
    "  validateCertificates = true,",
    "})",
  ];
  await Deno.writeTextFile(config, `${lines.join("\n")}\n`);
  const [hostname = "", port = ""] = (listen[0] ?? "").split(":");
  const daemon = await startDaemon(dnsdist, {
    args: ["--supervised", "--disable-syslog", "-C", config],
    cwd: server.cwd,
    async ready() {
      (await Deno.connect({ hostname, port: Number(port) })).close();
      return "";
    },
    isReady: () => true,
  });
  return { [Symbol.asyncDispose]: () => daemon.stop() };
}

testWithPeers(
  "dnsdist forwards to signet over TLS, with the mesh's root and the server's name, and passes on what it says",
  ["dnsdist", "kdig"],
  async (_t, { dnsdist, kdig }) => {
    await using server = await startMesh();
    const port = freePort();
    await using _dnsdist = await startDnsdist(dnsdist, server, [`127.0.0.1:${port}`]);
    const ask = async (...args: readonly string[]) => {
      const at = ["@127.0.0.1", "-p", String(port), "+timeout=10", "+retry=0"];
      return (await run(kdig, [...at, ...args])).stdout;
    };
    assert.match(await ask("db.example", "A"), /db\.example\.\s+30\s+IN\s+A\s+10\.0\.0\.7/);
    assert.match(await ask("+tcp", "x.wild.example", "A"), /x\.wild\.example\.\s.*10\.0\.0\.7/);
    assert.match(await ask("nope.svc.cluster.local", "A"), /status: NXDOMAIN/);
    assert.match(await ask("db.example", "AAAA"), /status: NOERROR[\s\S]*SOA/);
    for (let i = 0; i < 50; i++) assert.match(await ask("db.example", "A"), /10\.0\.0\.7/);
  },
);

/** An address of the loopback that is this test's alone, with port 53 free; undefined where that takes more rights. */
function stubAddress(): string | undefined {
  const octet = () => 1 + Math.floor(Math.random() * 250);
  const hostname = `127.${octet()}.${octet()}.53`;
  try {
    Deno.listen({ hostname, port: STUB_PORT }).close();
    return hostname;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.PermissionDenied) return undefined;
    throw thrown;
  }
}

testWithPeers(
  "glibc's stub resolver finds names of the mesh through dnsdist, as programs ask for them",
  ["dnsdist", "getent", "unshare"],
  async (_t, { dnsdist, getent, unshare }) => {
    const address = stubAddress();
    if (address === undefined) {
      assert.ok(!peersAreRequired(), "port 53 of the loopback may not be taken");
      return announce("SKIPPED without the right to listen on port 53: glibc's stub resolver");
    }
    await using server = await startMesh();
    await using _dnsdist = await startDnsdist(dnsdist, server, [`${address}:${STUB_PORT}`]);
    const resolvConf = `${server.cwd}/resolv.conf`;
    const search = "search shop.svc.cluster.local svc.cluster.local cluster.local";
    await Deno.writeTextFile(
      resolvConf,
      `nameserver ${address}\n${search}\noptions ndots:5 timeout:10 attempts:1\n`,
    );
    const nsswitch = `${server.cwd}/nsswitch.conf`;
    await Deno.writeTextFile(nsswitch, "hosts: dns\n");
    const mount =
      'mount --bind "$1" /etc/resolv.conf && { [ ! -e /etc/nsswitch.conf ] || mount --bind "$2" /etc/nsswitch.conf; } && shift 2 && exec "$@"';
    const resolve = (...args: readonly string[]) => {
      const inside = ["--mount", "sh", "-c", mount, "sh", resolvConf, nsswitch, getent, ...args];
      return run(unshare, inside);
    };
    const found = await resolve("ahosts", "db.example");
    assert.equal(found.code, 0, found.stdout + found.stderr);
    assert.match(found.stdout, /^10\.0\.0\.7\s+STREAM db\.example/m);
    const wild = await resolve("hosts", "anything.wild.example");
    assert.match(wild.stdout, /^10\.0\.0\.7\s+anything\.wild\.example/m);
    const reverse = await resolve("hosts", "10.0.0.7");
    assert.match(reverse.stdout, /^10\.0\.0\.7\s+\S+\.example$/m);
    const missing = await resolve("ahosts", "nope.svc.cluster.local");
    assert.equal(missing.code, 2, missing.stdout);
  },
);
