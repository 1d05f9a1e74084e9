/** The injector over a ConfigMap of an API server of paper; over a folder: `tests/integration/istio/injector_folder_test.ts`. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import { builtinTexts } from "signet/inject/builtin_template.ts";
import { type InjectConfig, type Injector, openInjector } from "signet/inject/mod.ts";
import type { KubeClient, KubeDocument, WatchEvent } from "signet/kube/mod.ts";
import { createMetrics, EVENT } from "signet/telemetry/mod.ts";
import { pod } from "../../integration/istio/injection_rows.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { recordLogs } from "../../support/log_records.ts";
import { until } from "../../support/until.ts";

const NOWHERE = "/nonexistent/signet/inject";
const CONFIG: InjectConfig = {
  directory: NOWHERE,
  configMap: { namespace: "istio-system", name: "istio-sidecar-injector" },
  builtin: { image: "example.org/proxyv2:1", clusterName: "Kubernetes" },
  revision: "",
  nativeSidecars: "auto",
  mesh: { path: `${NOWHERE}/mesh` },
};
const TEMPLATE = "metadata: {labels: {by: MARK}}\n";
const dataOf = (mark: string, more = "") => ({
  config: `policy: enabled\ntemplates: {sidecar: '${
    TEMPLATE.trim().replace("MARK", mark)
  }'}\n${more}`,
  values: "{}",
});

interface Paper {
  readonly client: KubeClient;
  /** Sends a change of the ConfigMap to who watches. */
  change(data: Readonly<Record<string, string>> | undefined): void;
}

/** An API server with one ConfigMap at most. */
function paper(
  data: Readonly<Record<string, string>> | undefined,
  options: { readonly minor?: string; readonly isDown?: boolean } = {},
): Paper {
  let version = 1;
  const object = (held: unknown): KubeDocument => ({
    metadata: {
      name: "istio-sidecar-injector",
      namespace: "istio-system",
      resourceVersion: `${version}`,
    },
    data: held,
  });
  let wake: ((event: WatchEvent) => void) | undefined;
  return {
    client: {
      server: "https://paper",
      request({ path }) {
        if (path === "/version") {
          return Promise.resolve({ major: "1", minor: options.minor ?? "32" });
        }
        if (options.isDown === true) {
          return Promise.reject(new SignetError("kube.unavailable", "Cannot reach paper"));
        }
        assert.equal(path, "/api/v1/namespaces/istio-system/configmaps");
        const items = data === undefined ? [] : [object(data)];
        return Promise.resolve({ metadata: { resourceVersion: "1" }, items });
      },
      async *watch({ signal }) {
        for (;;) {
          const event = await new Promise<WatchEvent | undefined>((resolve) => {
            wake = resolve;
            signal?.addEventListener("abort", () => resolve(undefined), { once: true });
          });
          if (event === undefined) return;
          yield event;
        }
      },
      [Symbol.dispose]: () => {},
    },
    change(changed) {
      version++;
      wake?.({ type: changed === undefined ? "DELETED" : "MODIFIED", object: object(changed) });
    },
  };
}

function labelOf(injector: Injector): unknown {
  const outcome = injector.inject({ pod: pod(), namespace: "shop", path: "", dryRun: false });
  if (outcome.kind !== "patched") return outcome;
  const added = outcome.patch.find(({ path }) => path === "/metadata/labels/by");
  return added?.op === "add" ? added.value : undefined;
}

function world(client: KubeClient | undefined) {
  const clock = createFakeClock(0);
  const { logger, records } = recordLogs();
  const metrics = createMetrics();
  const kube = client === undefined ? undefined : { client, random: () => 0.5 };
  const host = { clock, logger, metrics, kube, trustDomain: () => "cluster.local" };
  return { host, clock, records, metrics };
}

Deno.test("openInjector() injects nothing without a folder and a cluster, and when it is turned off", async () => {
  const { host } = world(undefined);
  assert.equal(await openInjector(undefined, host), undefined);
  assert.equal(await openInjector({ ...CONFIG, configMap: undefined }, host), undefined);
});

Deno.test("openInjector() follows a cluster's ConfigMap and keeps what it has when that is broken", async () => {
  const { client, change } = paper(dataOf("one"));
  const { host, clock, records } = world(client);
  await using injector = await openInjector(CONFIG, host);
  assert.ok(injector?.ready);
  assert.equal(labelOf(injector), "one");
  change(dataOf("two"));
  await clock.advance(0);
  await clock.advance(99);
  assert.equal(labelOf(injector), "one", "changes are gathered for 100 ms");
  await clock.advance(1);
  assert.equal(labelOf(injector), "two");
  for (
    const broken of [dataOf("x", "policy: ["), { values: "{}" }, { ...dataOf("x"), values: "- a" }]
  ) {
    change(broken as Record<string, string>);
    await clock.advance(0);
    await clock.advance(100);
    assert.equal(labelOf(injector), "two");
    const last = records.at(-1)!;
    assert.equal(last.event, EVENT.injectConfigFailed);
    assert.match(last.message, /^update error: Cannot use the injector's configuration: /);
  }
  change(dataOf("three"));
  await clock.advance(0);
  await clock.advance(100);
  assert.equal(labelOf(injector), "three");
});

Deno.test("openInjector() ends the start when the ConfigMap is broken from the start", async () => {
  const { host, clock } = world(paper(dataOf("x", "templates: [")).client);
  await assert.rejects(
    openInjector(CONFIG, host),
    /Cannot use the injector's configuration: config/,
  );
  assert.equal(clock.waiting, 0);
});

Deno.test("openInjector() takes signet's own template in a cluster without a ConfigMap, until there is one", async () => {
  const { client, change } = paper(undefined, { minor: "33+" });
  const { host, clock } = world(client);
  await using injector = await openInjector(CONFIG, host);
  assert.ok(injector);
  const outcome = injector.inject({ pod: pod(), namespace: "shop", path: "", dryRun: false });
  assert.match(
    JSON.stringify(outcome),
    /"restartPolicy":"Always"/,
    "a cluster of 1.33 runs native sidecars",
  );
  change(dataOf("theirs"));
  await clock.advance(0);
  await clock.advance(100);
  assert.equal(labelOf(injector), "theirs");
  change(undefined);
  await clock.advance(0);
  await clock.advance(100);
  assert.match(
    JSON.stringify(injector.inject({ pod: pod(), namespace: "a", path: "", dryRun: true })),
    /proxyv2/,
  );
});

Deno.test("openInjector() starts without the API server after a while, and is not ready then", async () => {
  const { host, clock, records } = world(paper(undefined, { isDown: true }).client);
  const opening = openInjector({ ...CONFIG, nativeSidecars: "off" }, host);
  // Files are looked for first, in real time: the clock's seconds must not be over before the wait begins.
  let isOpen = false;
  const opened = opening.finally(() => isOpen = true);
  await until("the start goes on without the API server", async () => {
    await clock.advance(1_000);
    return isOpen || undefined;
  });
  assert.ok(clock.nowMs() >= 15_000);
  await using injector = await opened;
  assert.equal(injector?.ready, false);
  assert.deepEqual(injector?.inject({ pod: pod(), namespace: "shop", path: "", dryRun: false }), {
    kind: "failed",
    message: "no configuration for injection is known yet",
  });
  assert.ok(records.some(({ message }) => message === "Cannot follow a ConfigMap yet"));
});

Deno.test("an injector counts as istiod counts, and logs what it refuses", async () => {
  const { host, metrics, records } = world(paper(builtinData()).client);
  await using injector = await openInjector(CONFIG, host);
  const ask = (subject: unknown) =>
    injector?.inject({
      pod: subject as Record<string, unknown>,
      namespace: "shop",
      path: "",
      dryRun: false,
    });
  ask(pod());
  ask(pod({ labels: { "sidecar.istio.io/inject": "false" } }));
  ask(pod({ labels: { "sidecar.istio.io/inject": "sure" } }));
  ask(pod({ annotations: { "sidecar.istio.io/interceptionMode": "X" } }));
  const { body } = await metrics.expose();
  for (const line of ["requests_total 4", "success_total 2", "skip_total 1", "failure_total 1"]) {
    assert.ok(body.includes(`sidecar_injection_${line}\n`), line);
  }
  assert.ok(body.includes("sidecar_injection_time_seconds_count 4\n"));
  const messages = records.filter(({ level }) => level === "warn").map(({ message }) => message);
  assert.equal(messages.length, 2);
  assert.match(messages[0]!, /sidecar.istio.io\/inject is "sure", should be true or false/);
  assert.match(messages[1]!, /^Pod injection failed: failed to run injection template: 1 error/);
});

Deno.test("an injector takes up another trust domain", async () => {
  let trustDomain = "one.example";
  const { host } = world(paper(builtinData()).client);
  await using injector = await openInjector(CONFIG, { ...host, trustDomain: () => trustDomain });
  const text = () =>
    JSON.stringify(injector?.inject({ pod: pod(), namespace: "a", path: "", dryRun: false }));
  assert.match(text(), /"name":"TRUST_DOMAIN","value":"one.example"/);
  trustDomain = "two.example";
  assert.match(text(), /"name":"TRUST_DOMAIN","value":"two.example"/);
});

function builtinData(): Readonly<Record<string, string>> {
  return { ...builtinTexts(CONFIG.builtin) };
}
