// A server that takes the connection and says nothing, while a machine that joins asks it for its roots.
import assert from "node:assert/strict";
import { createServer, type TLSSocket } from "node:tls";

import { isSignetError } from "signet/base/mod.ts";
import { readJoining } from "../../../lib/commands/join.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { mintSet } from "../../support/minted_sets.ts";
import { until } from "../../support/until.ts";

Deno.test("--caFingerprint gives up on a server that says nothing after the handshake", async () => {
  const { caCertPem, caKeyPem } = await mintSet({ nowMs: Date.now() });
  const met: TLSSocket[] = [];
  const server = createServer(
    { cert: caCertPem, key: caKeyPem, ALPNProtocols: ["h2"] },
    (socket) => {
      socket.on("error", () => socket.destroy());
      met.push(socket);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as { readonly port: number };
  const clock = createFakeClock(Date.now());
  const values = { token: "secret", tokenFile: "", ca: "", caFingerprint: "0".repeat(64) };
  let outcome: unknown;
  const joining = readJoining(
    values,
    { addr: { hostname: "127.0.0.1", port }, serverName: "localhost", clock },
    "cert request",
  ).then((value) => outcome = value, (thrown: unknown) => outcome = thrown);
  await until("the server has met the client", () => Promise.resolve(met.length > 0 || undefined));
  await until("the client has given up", async () => {
    await clock.advance(1_000);
    return outcome === undefined ? undefined : true;
  });
  await joining;
  assert.ok(isSignetError(outcome, "transport.timeout"), String(outcome));
  assert.match(
    String(outcome),
    /Cannot get the server's roots: 127\.0\.0\.1:\d+ did not answer in 30000 ms/,
  );
  for (const socket of met) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
