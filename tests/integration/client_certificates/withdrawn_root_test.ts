import assert from "node:assert/strict";

import { caclient, type HostileTls, tlsFlags } from "../../support/caclient.ts";
import { opensslCa, selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { startSignet } from "../../support/server.ts";

/** Between two connections of a client: the root is withdrawn in it. */
const PAUSE = "8s";

async function until(what: string, happened: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !happened(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(happened(), what);
}

testWithPeers(
  "a session ticket does not outlive the root behind its certificate",
  ["caclient", "openssl"],
  async (_t, { caclient: path, openssl }) => {
    const dir = await Deno.makeTempDir({ prefix: "signet-test-" });
    try {
      const [withdrawn, other] = await Promise.all(
        ["withdrawn", "other"].map((name) => selfSignedCa(openssl, `${dir}/${name}`, `/O=${name}`)),
      );
      const roots = `${dir}/roots.pem`;
      await Deno.copyFile(withdrawn!.cert, roots);
      await using server = await startSignet({ args: ["--caCertFile", roots] });
      const ca = await opensslCa(openssl, `${dir}/issued`, {
        ...withdrawn!,
        roots: server.rootFile,
      });
      const identity = await ca.issue("workload", { key: "RSA-2048" });
      const connectTwice = (version: string) =>
        caclient<HostileTls>(path, [
          "hostiletls",
          ...tlsFlags(server, identity),
          ...["-tries=2", `-wait=${PAUSE}`, `-tls=${version}`, "-deadline", "10s"],
        ]);
      const clients = ["1.2", "1.3"].map(connectTwice);
      const log = () => server.stdout() + server.stderr();
      await until(
        "both are served",
        () => (log().match(/ca\.certificate_issued/g)?.length ?? 0) >= 2,
      );
      await Deno.copyFile(other!.cert, roots);
      await until("the roots are read again", () => log().includes("files changed"));
      for (const { attempts } of await Promise.all(clients)) {
        assert.deepEqual(
          attempts.map(({ served }) => served),
          [true, false],
          JSON.stringify(attempts),
        );
      }
      await until("the refusal is logged", () => log().includes("tls.peer_refused"));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);
