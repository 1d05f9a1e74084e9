/** Two stock Envoys under Istio's own agents: mutual TLS of the mesh by signet's certificates, and who is refused, by mode. */
import assert from "node:assert/strict";
import { testWithPeers } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { tempDir } from "../../support/process.ts";
import { rawGet, rawTalk } from "../../support/raw_http.ts";
import { startSignet } from "../../support/server.ts";
import { startApplication, startSidecar, untilConfigured } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";

/** Where the second workload is reached. */
const HTTPD = "127.0.0.3";
/** Who asked, as the application sees it. */
const XFCC =
  /x-forwarded-client-cert: By=spiffe:\/\/cluster\.local\/ns\/default\/sa\/httpd;Hash=[0-9a-f]{64};Subject="";URI=spiffe:\/\/cluster\.local\/ns\/default\/sa\/web/;
const MODES = ["STRICT", "PERMISSIVE", "DISABLE"] as const;
type Mode = typeof MODES[number];

interface Ports {
  readonly http: number;
  readonly tcp: number;
}

/** An application that shows the headers of each request. Its clients speak first: a port that also takes TLS has to see who is there. */
function application() {
  const answer = (headers: Headers) =>
    [...headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return startApplication({ answer, greeting: "hello", waits: true });
}

/** A service, its workload, and what the workload's proxy listens on. */
function mesh({ service, workload, application }: Record<string, Ports>): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: httpd }
spec:
  hosts: [httpd.default.mesh.internal]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
  - { number: ${service!.http}, name: http, protocol: HTTP, targetPort: ${workload!.http} }
  - { number: ${service!.tcp}, name: tcp, protocol: TCP, targetPort: ${workload!.tcp} }
  workloadSelector: { labels: { app: httpd } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: httpd-1 }
spec: { address: ${HTTPD}, labels: { app: httpd }, serviceAccount: httpd }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: httpd }
spec:
  workloadSelector: { labels: { app: httpd } }
  ingress:
  - { port: { number: ${
    workload!.http
  }, name: http, protocol: HTTP }, captureMode: NONE, defaultEndpoint: "127.0.0.1:${
    application!.http
  }" }
  - { port: { number: ${
    workload!.tcp
  }, name: tcp, protocol: TCP }, captureMode: NONE, defaultEndpoint: "127.0.0.1:${
    application!.tcp
  }" }
  egress:
  - { hosts: ["~/*"] }
`;
}

function authentication(mode: Mode): string {
  return `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: ${mode} } }
`;
}

/** What a connection brought; empty when it was refused or reset. */
async function bytesFrom(port: number, hostname: string): Promise<string> {
  try {
    return await rawTalk(port, "hello, who is there?", hostname);
  } catch {
    return "";
  }
}

testWithPeers(
  "Two sidecars talk mutual TLS, and each mode refuses what it must",
  ["pilot-agent", "envoy"],
  async (t, { "pilot-agent": agent, envoy }) => {
    await using folder = await tempDir();
    await using app = application();
    const pair = (): Ports => ({ http: freePort(), tcp: freePort() });
    const [service, workload] = [pair(), pair()];
    await Deno.writeTextFile(
      `${folder.path}/mesh.yaml`,
      mesh({ service, workload, application: app }),
    );
    const policy = `${folder.path}/policy.yaml`;
    await using server = await startSignet({ args: ["--configDir", folder.path] });
    const shared = { agent, envoy, server };
    await using web = await startSidecar({ ...shared, name: "web", address: "127.0.0.2" });
    await using httpd = await startSidecar({ ...shared, name: "httpd", address: HTTPD });
    await untilConfigured(web);
    await untilConfigured(httpd);
    const throughMesh = () => rawGet(service.http, "httpd.default.mesh.internal");
    const direct = async () => {
      const response = await rawGet(workload.http, "httpd", { hostname: HTTPD }).catch(() =>
        undefined
      );
      return response?.status === 0 ? undefined : response;
    };

    await t.step("PERMISSIVE, where nothing is said", async () => {
      const response = await throughMesh();
      assert.equal(response.status, 200, response.text);
      assert.match(response.text, XFCC);
      assert.equal((await direct())?.status, 200);
      assert.doesNotMatch((await direct())!.text, /x-forwarded-client-cert/);
      assert.equal(await bytesFrom(service.tcp, "127.0.0.1"), "hello");
      assert.equal(await bytesFrom(workload.tcp, HTTPD), "hello");
    });
    await t.step("STRICT: who shows no certificate is cut off", async () => {
      await Deno.writeTextFile(policy, authentication("STRICT"));
      await until(
        "plain text is refused",
        async () => await direct() === undefined ? true : undefined,
      );
      assert.equal(await bytesFrom(workload.tcp, HTTPD), "");
      const response = await throughMesh();
      assert.equal(response.status, 200, response.text);
      assert.match(response.text, XFCC);
      assert.equal(await bytesFrom(service.tcp, "127.0.0.1"), "hello");
    });
    await t.step("DISABLE: in plain text, from both", async () => {
      await Deno.writeTextFile(policy, authentication("DISABLE"));
      await until("plain text comes through the mesh", async () => {
        const response = await throughMesh().catch(() => undefined);
        if (response?.status !== 200) return undefined;
        return /x-forwarded-client-cert/.test(response.text) ? undefined : true;
      });
      assert.equal((await direct())?.status, 200);
      assert.equal(await bytesFrom(service.tcp, "127.0.0.1"), "hello");
    });
    await t.step("no proxy refused anything", async () => {
      for (const sidecar of [web, httpd]) {
        assert.doesNotMatch(
          await sidecar.admin("/stats?filter=update_rejected"),
          /update_rejected: [1-9]/,
        );
        const listed = await sidecar.admin("/config_dump");
        assert.doesNotMatch(listed, /istio\.(?:metadata_exchange|alpn|stats)/);
      }
    });
  },
);
