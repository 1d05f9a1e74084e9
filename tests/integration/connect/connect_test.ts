import assert from "node:assert/strict";

import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";

import {
  Health,
  HealthCheckResponse_ServingStatus,
} from "../../../proto/gen/grpc/health/v1/health_pb.ts";
import { IstioCertificateService } from "../../../proto/gen/istio/v1/auth/ca_pb.ts";
import { type IdentityFiles, issueIdentity } from "../../support/caclient.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";

interface Shared {
  readonly baseUrl: string;
  readonly httpVersion: "2";
  readonly sessionManager: Http2SessionManager;
}

/** Connect's client leaves its idle timer running when a session is closed; without an idle timeout it sets none. */
const IDLE_FOR_EVER = { idleConnectionTimeoutMs: Number.MAX_SAFE_INTEGER };

const PROTOCOLS: Readonly<Record<string, (shared: Shared) => Transport>> = {
  "Connect, binary": (shared) => createConnectTransport({ ...shared, useBinaryFormat: true }),
  "Connect, JSON": (shared) => createConnectTransport({ ...shared, useBinaryFormat: false }),
  "Connect, gzip asked and sent": (shared) =>
    createConnectTransport({
      ...shared,
      acceptCompression: [compressionGzip],
      sendCompression: compressionGzip,
      compressMinBytes: 0,
    }),
  "gRPC": (shared) => createGrpcTransport(shared),
  "gRPC, answers in any compression": (shared) =>
    createGrpcTransport({ ...shared, acceptCompression: [compressionBrotli, compressionGzip] }),
  "gRPC-Web": (shared) => createGrpcWebTransport(shared),
};

async function openSession(server: SignetServer, identity: IdentityFiles): Promise<Shared> {
  const baseUrl = `https://localhost:${server.ports.secureGrpc}`;
  const [ca, cert, key] = await Promise.all([
    Deno.readTextFile(identity.roots),
    Deno.readTextFile(identity.cert),
    Deno.readTextFile(identity.key),
  ]);
  return {
    baseUrl,
    httpVersion: "2",
    sessionManager: new Http2SessionManager(baseUrl, IDLE_FOR_EVER, { ca, cert, key }),
  };
}

async function newCsr(openssl: string): Promise<string> {
  const curve = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "/dev/null",
  ];
  return await mustRun(openssl, ["req", "-new", ...curve, "-subj", "/"]);
}

testWithPeers(
  "Connect's client gets certificates over each of its protocols",
  ["openssl"],
  async (t, peers) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    const csr = await newCsr(peers.openssl);
    for (const [name, create] of Object.entries(PROTOCOLS)) {
      await t.step(name, async () => {
        const shared = await openSession(server, identity);
        try {
          await exercise(create(shared), csr, await Deno.readTextFile(server.rootFile));
        } finally {
          shared.sessionManager.abort();
        }
      });
    }
  },
);

async function exercise(transport: Transport, csr: string, root: string): Promise<void> {
  const ca = createClient(IstioCertificateService, transport);
  const { certChain } = await ca.createCertificate({ csr, validityDuration: 3_600n });
  assert.equal(certChain.length, 2);
  assert.equal(certChain[1], root);
  await assert.rejects(ca.createCertificate({ csr: "junk" }), (thrown) => {
    assert.ok(thrown instanceof ConnectError);
    assert.equal(thrown.code, Code.InvalidArgument);
    assert.match(thrown.rawMessage, /^CSR signing error \(/);
    return true;
  });
  const health = createClient(Health, transport);
  assert.equal((await health.check({})).status, HealthCheckResponse_ServingStatus.SERVING);
  await watchOnce(health);
}

/** Reads the first update of a watch and hangs up. */
async function watchOnce(health: ReturnType<typeof createClient<typeof Health>>): Promise<void> {
  const controller = new AbortController();
  const updates = health.watch({}, { signal: controller.signal })[Symbol.asyncIterator]();
  const first = await updates.next();
  assert.equal(first.value?.status, HealthCheckResponse_ServingStatus.SERVING);
  controller.abort();
  await assert.rejects(updates.next(), (thrown) => {
    assert.equal(ConnectError.from(thrown).code, Code.Canceled);
    return true;
  });
}
