import assert from "node:assert/strict";

import { issueIdentity } from "../../support/caclient.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { type Ran, run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

const CA_SERVICE = "istio.v1.auth.IstioCertificateService";
const REFLECTION = [
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
] as const;
const DISCOVERY = "envoy.service.discovery.v3.AggregatedDiscoveryService";
const SHARED = [DISCOVERY, "grpc.health.v1.Health", ...REFLECTION];

async function succeed(grpcurl: string, args: readonly string[]): Promise<string> {
  const ran: Ran = await run(grpcurl, args);
  assert.equal(ran.code, 0, `grpcurl ${args.join(" ")}: ${ran.stderr}`);
  return ran.stdout;
}

testWithPeers(
  "grpcurl lists and describes the services of both ports",
  ["grpcurl"],
  async (t, peers) => {
    await using server = await startSignet();
    const tls = ["-cacert", server.rootFile];
    const secure = server.addr("secureGrpc");
    const plain = server.addr("grpc");
    await t.step("list over TLS", async () => {
      const listed = await succeed(peers.grpcurl, [...tls, secure, "list"]);
      assert.deepEqual(listed.trim().split("\n").sort(), [CA_SERVICE, ...SHARED].sort());
    });
    await t.step("list in plaintext: no CA", async () => {
      const listed = await succeed(peers.grpcurl, ["-plaintext", plain, "list"]);
      assert.deepEqual(listed.trim().split("\n").sort(), [...SHARED].sort());
    });
    await t.step("describe the CA service and its messages", async () => {
      const service = await succeed(peers.grpcurl, [...tls, secure, "describe", CA_SERVICE]);
      assert.match(
        service,
        /rpc CreateCertificate \( \.istio\.v1\.auth\.IstioCertificateRequest \)/,
      );
      const message = await succeed(peers.grpcurl, [
        ...[...tls, secure, "describe", "istio.v1.auth.IstioCertificateRequest"],
      ]);
      assert.match(message, /string csr = 1;/);
      assert.match(message, /int64 validity_duration = 3;/);
      assert.match(message, /\.google\.protobuf\.Struct metadata = 4;/);
    });
    for (const reflection of REFLECTION) {
      await t.step(`${reflection} answers by itself`, async () => {
        const method = `${reflection}/ServerReflectionInfo`;
        const data =
          `{"list_services": "*"} {"file_containing_symbol": "${CA_SERVICE}"} {"file_containing_symbol": "no.Such"}`;
        const answer = await succeed(peers.grpcurl, [...tls, "-d", data, secure, method]);
        assert.match(answer, new RegExp(`"name": "${CA_SERVICE}"`));
        assert.match(answer, /"fileDescriptorProto"/);
        assert.match(answer, /"errorCode": 5/);
      });
    }
  },
);

testWithPeers(
  "grpcurl calls health and the CA by reflection",
  ["grpcurl", "openssl"],
  async (t, peers) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    const tls = ["-cacert", identity.roots, "-cert", identity.cert, "-key", identity.key];
    const secure = server.addr("secureGrpc");
    await t.step("Check", async () => {
      const answer = await succeed(peers.grpcurl, [...tls, secure, "grpc.health.v1.Health/Check"]);
      assert.deepEqual(JSON.parse(answer), { status: "SERVING" });
    });
    await t.step("CreateCertificate", async () => {
      const curve = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "/dev/null",
      ];
      const csr = await mustRun(peers.openssl, ["req", "-new", ...curve, "-subj", "/"]);
      const data = JSON.stringify({ csr, validity_duration: "3600" });
      const answer = await succeed(peers.grpcurl, [
        ...tls,
        "-d",
        data,
        secure,
        `${CA_SERVICE}/CreateCertificate`,
      ]);
      const { certChain } = JSON.parse(answer) as { certChain: string[] };
      assert.equal(certChain.length, 2);
      assert.equal(certChain[1], await Deno.readTextFile(server.rootFile));
    });
    await t.step("a refusal carries its code", async () => {
      const ran = await run(peers.grpcurl, [
        ...tls,
        "-d",
        '{"csr":"junk"}',
        secure,
        `${CA_SERVICE}/CreateCertificate`,
      ]);
      assert.notEqual(ran.code, 0);
      assert.match(ran.stderr, /Code: InvalidArgument/);
    });
  },
);
