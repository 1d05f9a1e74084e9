/** A stock Envoy under Istio's own agent, configured by signet from a folder: requests and bytes, changes, a restart under traffic. */
import assert from "node:assert/strict";
import { testWithPeers } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { tempDir } from "../../support/process.ts";
import { rawGet, rawTalk } from "../../support/raw_http.ts";
import { startSignet } from "../../support/server.ts";
import {
  type Sidecar,
  SIDECAR_GIVE_UP_MS,
  startApplication,
  startSidecar,
  untilConfigured,
} from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";

/** What Envoy counts of each subscription, and what it must never have counted. */
const REJECTED = /(?:update_rejected|init_fetch_timeout): [1-9]/;

/** An application that says its name to every request, and to every connection. */
function application(name: string) {
  return startApplication({ answer: () => name, greeting: `bytes of ${name}` });
}

function services(
  ports: { readonly http: number; readonly tcp: number },
  to: { readonly http: number; readonly tcp: number },
): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: echo }
spec:
  hosts: [echo.example]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
  - { number: ${ports.http}, name: http, protocol: HTTP }
  - { number: ${ports.tcp}, name: tcp, protocol: TCP }
  endpoints:
  - { address: 127.0.0.1, ports: { http: ${to.http}, tcp: ${to.tcp} } }
`;
}

async function counted(sidecar: Sidecar) {
  const stat = (name: string) => sidecar.stat(name).then((value) => value ?? 0);
  return {
    cds: await stat("cluster_manager.cds.update_success"),
    lds: await stat("listener_manager.lds.update_success"),
  };
}

for (const delta of [true, false]) {
  testWithPeers(
    `A sidecar is configured, follows changes and outlives a restart of the server, ${
      delta ? "delta" : "state of the world"
    }`,
    ["pilot-agent", "envoy"],
    async (t, { "pilot-agent": agent, envoy }) => {
      await using folder = await tempDir();
      await using state = await tempDir();
      const ports = { http: freePort(), tcp: freePort() };
      await using one = application("one");
      await using other = application("other");
      const config = `${folder.path}/services.yaml`;
      await Deno.writeTextFile(config, services(ports, one));
      const options = { cwd: state.path, args: ["--configDir", folder.path] };
      await using first = await startSignet(options);
      await using sidecar = await startSidecar({
        ...{ agent, envoy, server: first, name: "web", address: "127.0.0.2" },
        env: { ISTIO_DELTA_XDS: String(delta) },
      });
      await untilConfigured(sidecar);
      await t.step("requests and bytes arrive", async () => {
        const response = await rawGet(ports.http, "echo.example");
        assert.equal(response.status, 200, response.text);
        assert.match(response.text, /one$/);
        assert.equal(await rawTalk(ports.tcp, ""), "bytes of one");
        assert.equal((await rawGet(ports.http, "unknown.example")).status, 503);
      });
      await t.step("the server knows the proxy, and that it has accepted everything", async () => {
        await until("the proxy is in sync", async () => {
          const page = await fetch(`http://${first.addr("http")}/debug/syncz`);
          const [proxy] = await page.json();
          if (proxy?.proxy !== "web-1.default") return undefined;
          const states = Object.values<{ status: string }>(proxy.types);
          return states.length === 4 && states.every(({ status }) => status === "SYNCED")
            ? true
            : undefined;
        });
      });
      await t.step("another endpoint: endpoints alone are sent", async () => {
        const before = await counted(sidecar);
        await Deno.writeTextFile(config, services(ports, other));
        await until("the other endpoint answers", async () => {
          const { text } = await rawGet(ports.http, "echo.example");
          return /other$/.test(text) ? true : undefined;
        });
        assert.deepEqual(await counted(sidecar), before);
      });
      await t.step("a restart of the server under traffic: no request fails", async () => {
        let isOver = false;
        let requests = 0;
        const failures: string[] = [];
        const traffic = (async () => {
          for (; !isOver; requests++) {
            const outcome = await rawGet(ports.http, "echo.example").catch(String);
            if (typeof outcome === "string") failures.push(outcome);
            else if (outcome.status !== 200) failures.push(outcome.text);
          }
        })();
        await first.stop();
        const { ports: taken } = first;
        await using second = await startSignet({ ...options, ports: taken });
        await Deno.writeTextFile(config, services(ports, one));
        await until("the first endpoint answers again", async () => {
          const { text } = await rawGet(ports.http, "echo.example");
          return /one$/.test(text) ? true : undefined;
        }, { giveUpMs: SIDECAR_GIVE_UP_MS }).finally(() => isOver = true);
        await traffic;
        assert.ok(requests > 0);
        assert.deepEqual(failures, []);
        assert.match(
          second.stdout(),
          new RegExp(`xDS stream opened.*web-1.default.*${delta ? "delta" : "sotw"}`),
        );
      });
      assert.doesNotMatch(await sidecar.admin("/stats?filter=update_rejected"), REJECTED);
    },
  );
}
