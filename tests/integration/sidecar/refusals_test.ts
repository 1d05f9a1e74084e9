/** What grpcurl is told on the real ports: who may open a stream, and why another may not. */
import assert from "node:assert/strict";
import { issueIdentity } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

const METHOD = "envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
const CDS = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

function request(id: string, metadata: Readonly<Record<string, string>> = {}): string {
  const node = { id, metadata: { INTERCEPTION_MODE: "NONE", ...metadata } };
  return JSON.stringify({ type_url: CDS, node });
}

const WEB = "sidecar~127.0.0.1~web-1.default~default.svc.cluster.local";

testWithPeers(
  "grpcurl is refused in istiod's words, on both ports",
  ["grpcurl", "caclient"],
  async (t, { grpcurl }) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server, "spiffe://cluster.local/ns/default/sa/web");
    const ask = async (args: readonly string[], data: string) => {
      const addr = server.addr(args.includes("-plaintext") ? "grpc" : "secureGrpc");
      return await run(grpcurl, [...args, "-d", data, addr, METHOD], { timeoutMs: 30_000 });
    };
    const tls = ["-cacert", server.rootFile];
    const known = [...tls, "-cert", identity.cert, "-key", identity.key];
    const rows: readonly (readonly [string, readonly string[], string, RegExp])[] = [
      ["without a certificate", tls, request(WEB), /Unauthenticated[^]*authentication failure/],
      [
        "for another namespace",
        known,
        request(WEB, { NAMESPACE: "shop" }),
        /PermissionDenied[^]*no identities \(\[spiffe:\/\/cluster\.local\/ns\/default\/sa\/web\]\) matched shop\//,
      ],
      [
        "without a node",
        ["-plaintext"],
        `{"type_url": "${CDS}"}`,
        /InvalidArgument[^]*missing node information/,
      ],
      [
        "with half a node",
        ["-plaintext"],
        request("sidecar~127.0.0.1"),
        /InvalidArgument[^]*missing parts in the service node "sidecar~127\.0\.0\.1"/,
      ],
    ];
    for (const [name, args, data, pattern] of rows) {
      await t.step(name, async () => assert.match((await ask(args, data)).stderr, pattern));
    }
    await t.step("and answered with its own certificate", async () => {
      const { stdout } = await ask(known, request(WEB));
      assert.match(stdout, /"versionInfo"/);
      assert.match(stdout, /envoy\.config\.cluster\.v3\.Cluster/);
    });
  },
);
