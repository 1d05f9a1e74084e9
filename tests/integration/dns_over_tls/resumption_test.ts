/** Sessions that are resumed: whoever comes back is judged as if it had come for the first time. */
import assert from "node:assert/strict";
import { opensslCa, selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { gather, tempDir } from "../../support/process.ts";
import type { SignetServer } from "../../support/server.ts";
import { until, untilLogged } from "../../support/until.ts";
import { startMesh } from "./mesh.ts";

const CLIENT = new URL("resume_client.py", import.meta.url).pathname;

/** A client that asks, waits until it is let, and asks again. */
function twice(
  python: string,
  server: SignetServer,
  { cert, key, version }: { readonly cert: string; readonly key: string; readonly version: string },
) {
  const child = new Deno.Command(python, {
    args: [CLIENT, String(server.ports.dns), cert, key, version],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err] = [gather(child.stdout), gather(child.stderr)];
  // What follows the last line feed is a line in the middle of being written.
  const lines = () => out.text().split("\n").slice(0, -1);
  return {
    first: () => until(`${version} was asked once`, () => Promise.resolve(lines()[0])),
    async again(): Promise<string | undefined> {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("\n"));
      await writer.close();
      const { code } = await child.status;
      await Promise.all([out.done, err.done]);
      assert.equal(code, 0, err.text());
      return lines()[1];
    },
  };
}

testWithPeers(
  "a session that is resumed on the DNS port does not skip the check of the client's certificate",
  ["openssl", "python"],
  async (_t, { openssl, python }) => {
    await using dir = await tempDir();
    const [root, other] = await Promise.all(
      ["root", "other"].map((name) => selfSignedCa(openssl, `${dir.path}/${name}`, `/O=${name}`)),
    );
    const roots = `${dir.path}/roots.pem`;
    await Deno.copyFile(root!.cert, roots);
    await using server = await startMesh({
      args: ["--caCertFile", roots, "--dnsAllow", "192.0.2.1"],
    });
    const ca = await opensslCa(openssl, `${dir.path}/issued`, { ...root!, roots: server.rootFile });
    const { cert, key } = await ca.issue("workload", {
      key: "RSA-2048",
      sans: ["URI:spiffe://cluster.local/ns/shop/sa/client"],
    });
    const start = (version: string) => twice(python, server, { cert, key, version });
    const [kept12, kept13] = [start("1.2"), start("1.3")];
    for (const kept of [kept12, kept13]) assert.equal(await kept.first(), "full 0");
    for (const kept of [kept12, kept13]) assert.match(await kept.again() ?? "", / 0$/);
    const [gone12, gone13] = [start("1.2"), start("1.3")];
    for (const gone of [gone12, gone13]) assert.equal(await gone.first(), "full 0");
    await Deno.copyFile(other!.cert, roots);
    await untilLogged(server, /files changed/);
    for (const gone of [gone12, gone13]) assert.match(await gone.again() ?? "", / closed$/);
    await untilLogged(server, /tls\.peer_refused/);
  },
);
