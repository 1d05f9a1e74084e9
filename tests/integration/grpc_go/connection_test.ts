import assert from "node:assert/strict";

import {
  caclient,
  issueIdentity,
  type Load,
  type Outcome,
  tlsFlags,
} from "../../support/caclient.ts";
import { announce, testWithPeers } from "../../support/peers.ts";
import { gather } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";
import { waitFor } from "../../support/wait.ts";

/** More than the client makes before it says that it is ready. */
const SOME_CALLS = 50;

testWithPeers("grpc-go checks and watches health", ["caclient"], async (t, peers) => {
  await using server = await startSignet();
  const flags = tlsFlags(server);
  const services = ["", "istio.v1.auth.IstioCertificateService"];
  for (const service of services) {
    await t.step(`Check ${JSON.stringify(service)}`, async () => {
      const args = ["health", ...flags, "-service", service];
      const { code, status } = await caclient<Outcome & { status: string }>(peers.caclient, args);
      assert.deepEqual({ code, status }, { code: "OK", status: "SERVING" });
    });
  }
  await t.step("Check of an unknown service", async () => {
    const { code } = await caclient<Outcome>(peers.caclient, [
      "health",
      ...flags,
      "-service",
      "no.Such",
    ]);
    assert.equal(code, "NotFound");
  });
  await t.step("Watch sends the state at once and lasts until the deadline", async () => {
    const args = ["watch", ...flags, "-deadline", "1s"];
    const watched = await caclient<Outcome & { seen: string[] }>(peers.caclient, args);
    assert.deepEqual([watched.code, watched.seen], ["DeadlineExceeded", ["SERVING"]]);
  });
});

testWithPeers(
  "grpc-go's calls all succeed over kept and over new connections",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    const shapes = {
      "4 kept connections": ["-count", "4000", "-concurrency", "32"],
      "1 connection, 200 in flight": ["-count", "4000", "-concurrency", "200", "-connections", "1"],
      "gzip": ["-count", "1000", "-gzip"],
      "a connection for each call": ["-count", "400", "-concurrency", "8", "-reconnect"],
    };
    for (const [name, more] of Object.entries(shapes)) {
      await t.step(name, async () => {
        const load = await caclient<Load>(peers.caclient, ["load", ...flags, ...more]);
        assert.equal(load.errors, 0, `${load.example}`);
      });
    }
  },
);

testWithPeers(
  "grpc-go's cancelled calls leave the connection usable",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    const cancelled = await caclient<{ after: Outcome; watches: Record<string, number> }>(
      peers.caclient,
      ["cancel", ...flags, "-rounds", "200"],
    );
    assert.equal(cancelled.after.code, "OK", cancelled.after.message);
    assert.deepEqual(cancelled.watches, { Canceled: 200 });
  },
);

testWithPeers(
  "grpc-go's deadlines end calls, and later ones are answered",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    const shape = ["-count", "500", "-concurrency", "100", "-connections", "1"];
    for (const deadline of ["1ms", "3ms"]) {
      await t.step(deadline, async () => {
        const args = ["load", ...flags, ...shape, "-deadline", deadline];
        const { codes, example } = await caclient<Load>(peers.caclient, args);
        const others = Object.keys(codes).filter((code) =>
          code !== "OK" && code !== "DeadlineExceeded"
        );
        assert.deepEqual(others, [], example);
      });
    }
    await t.step("afterwards", async () => {
      const { code, message } = await caclient<Outcome>(peers.caclient, ["issue", ...flags]);
      assert.equal(code, "OK", message);
    });
  },
);

interface Drained {
  readonly ok: number;
  readonly refused: number;
  readonly cut: number;
  readonly examples: readonly string[];
  readonly watch: Outcome;
}

testWithPeers("a draining server cuts no call of grpc-go's", ["caclient"], async (_t, peers) => {
  await using server = await startSignet({ args: ["--shutdownDuration", "5s"] });
  const flags = tlsFlags(server, await issueIdentity(server));
  const child = new Deno.Command(peers.caclient, {
    args: ["drain", ...flags, "-limit", "60s"],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const out = gather(child.stdout);
  const err = gather(child.stderr);
  await waitFor(() => err.text().includes("ready"), err.text);
  await until("calls flow", async () => {
    const calls = await metric(server, "citadel_server_csr_count");
    return calls !== undefined && calls > SOME_CALLS || undefined;
  });
  assert.equal(await server.stop(), 0, server.stderr());
  await Promise.all([child.status, out.done, err.done]);
  const drained = JSON.parse(out.text()) as Drained;
  announce(
    `draining: ${drained.ok} answered, ${drained.refused} refused after the end, ${drained.cut} cut`,
  );
  assert.equal(drained.cut, 0, drained.examples.join("; "));
  assert.ok(drained.ok > 0);
});

testWithPeers(
  "a peer that never acknowledges a ping is hung up on",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet({
      args: ["--keepaliveInterval", "1s", "--keepaliveTimeout", "1s"],
    });
    const silent = await caclient<{ pings: number; closed: boolean; end: string }>(
      peers.caclient,
      ["silent", ...tlsFlags(server)],
    );
    assert.ok(silent.pings >= 1 && silent.closed, silent.end);
  },
);

testWithPeers(
  "an idle grpc-go connection answers pings and lives",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet({
      args: ["--keepaliveInterval", "1s", "--keepaliveTimeout", "2s"],
    });
    const args = ["keepalive", ...tlsFlags(server), "-idle", "5s"];
    const kept = await caclient<{ before: Outcome; after: Outcome; connections: number }>(
      peers.caclient,
      args,
    );
    assert.deepEqual([kept.before.code, kept.after.code, kept.connections], ["OK", "OK", 1]);
  },
);

testWithPeers(
  "a connection past its age is replaced without a failed call",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet({ args: ["--keepaliveMaxServerConnectionAge", "1s"] });
    const flags = tlsFlags(server, await issueIdentity(server));
    const args = ["keepalive", ...flags, "-idle", "3s"];
    const kept = await caclient<{ before: Outcome; after: Outcome; connections: number }>(
      peers.caclient,
      args,
    );
    assert.deepEqual([kept.before.code, kept.after.code], ["OK", "OK"]);
    assert.ok(kept.connections >= 2, `${kept.connections} connections`);
  },
);
