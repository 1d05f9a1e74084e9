import assert from "node:assert/strict";

import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

/** An empty gRPC message: flag and length. */
const EMPTY_MESSAGE = new Uint8Array(5);
const REQUESTS = 5_000;

testWithPeers("h2load's requests are all answered", ["h2load"], async (t, peers) => {
  await using server = await startSignet();
  const body = `${server.cwd}/empty-message`;
  await Deno.writeFile(body, EMPTY_MESSAGE);
  const secure = `https://${server.addr("secureGrpc")}`;
  const plain = `http://${server.addr("grpc")}`;
  const rows = [
    { name: "4 connections, 32 streams each, TLS", url: secure, shape: ["-c", "4", "-m", "32"] },
    { name: "1 connection, 100 streams, TLS", url: secure, shape: ["-c", "1", "-m", "100"] },
    { name: "50 connections, 1 stream each, TLS", url: secure, shape: ["-c", "50", "-m", "1"] },
    {
      name: "small windows, TLS",
      url: secure,
      shape: ["-c", "4", "-m", "32", "-w", "10", "-W", "10"],
    },
    {
      name: "4 connections, 32 streams each, plaintext",
      url: plain,
      shape: ["-c", "4", "-m", "32"],
    },
  ];
  for (const { name, url, shape } of rows) {
    await t.step(name, async () => {
      const headers = ["-H", "content-type: application/grpc+proto", "-H", "te: trailers"];
      const method = `${url}/grpc.health.v1.Health/Check`;
      const { code, stdout, stderr } = await run(peers.h2load, [
        ...["-n", String(REQUESTS), ...shape, ...headers, "-d", body, method],
      ]);
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        new RegExp(`${REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout`),
        stdout,
      );
      assert.match(stdout, new RegExp(`status codes: ${REQUESTS} 2xx`));
    });
  }
});
