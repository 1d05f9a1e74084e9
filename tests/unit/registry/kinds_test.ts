/** Istio's kinds from an API server of paper: groups and versions that come and go, objects with faults. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import type { KubeClient, KubeDocument, WatchEvent } from "signet/kube/mod.ts";
import {
  followKinds,
  LOOK_FOR_KINDS_MS,
  LOOKS_UNTIL_GONE,
} from "../../../lib/registry/cluster/kinds.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { settle } from "../../support/xds_server.ts";

const NETWORKING = "/apis/networking.istio.io";
const refused = (status: number) =>
  new SignetError("kube.refused", `Cannot GET: ${status}`, { fields: { status } });
const groupOf = (...versions: string[]) => ({ versions: versions.map((version) => ({ version })) });
const RESOURCES = {
  resources: [
    { kind: "ServiceEntry", name: "serviceentries" },
    { kind: "ServiceEntry", name: "serviceentries/status" },
    { kind: "Telemetry", name: "telemetries" },
  ],
};

function entry(hosts: readonly string[], resourceVersion: string): KubeDocument {
  return {
    metadata: {
      ...{ name: "db", namespace: "shop", resourceVersion, managedFields: [{}] },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
    spec: { hosts, ports: [{ number: 80, name: "http", protocol: "HTTP" }], newer: true },
    status: {},
  };
}

/** Answers by path; what is not there is 404. Watches give what a test pushes. */
async function withKinds(
  body: (world: {
    readonly answers: Map<string, KubeDocument | SignetError>;
    readonly kinds: ReturnType<typeof followKinds>;
    readonly failures: string[];
    readonly pass: (ms?: number) => Promise<void>;
    readonly push: (event: WatchEvent) => void;
    readonly asked: string[];
  }) => Promise<void>,
  answers: Map<string, KubeDocument | SignetError>,
): Promise<void> {
  const clock = createFakeClock(0);
  const failures: string[] = [];
  const asked: string[] = [];
  let wake: ((event: WatchEvent) => void) | undefined;
  const client: KubeClient = {
    server: "https://paper",
    request({ path }) {
      asked.push(path);
      const answer = answers.get(path) ?? refused(404);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    async *watch({ path, signal }) {
      for (;;) {
        const event = await new Promise<WatchEvent>((resolve, reject) => {
          wake = resolve;
          signal!.addEventListener("abort", () => reject(signal!.reason));
        });
        if (!answers.has(path)) throw refused(404);
        yield event;
      }
    },
    [Symbol.dispose]() {},
  };
  await using kinds = followKinds({
    ...{ client, clock, random: () => 0.5 },
    onChange: () => {},
    onFailure: (what) => void failures.push(what),
  });
  await settle(clock);
  await body({
    ...{ answers, kinds, failures, asked },
    async pass(ms = 0) {
      await clock.advance(ms);
      await settle(clock);
    },
    push: (event) => wake?.(event),
  });
}

const hostsOf = (kinds: ReturnType<typeof followKinds>) =>
  kinds.collect().documents.flatMap((document) =>
    document.kind === "ServiceEntry" ? document.spec.hosts : []
  );

Deno.test("followKinds() is whole at once where there is no kind, and finds one that comes later", async () => {
  await withKinds(async ({ kinds, answers, failures, pass }) => {
    await kinds.synced;
    assert.deepEqual(kinds.collect().documents, []);
    answers.set(NETWORKING, groupOf("v1beta1", "v1alpha3"));
    answers.set(`${NETWORKING}/v1beta1`, RESOURCES);
    answers.set(`${NETWORKING}/v1beta1/serviceentries`, {
      metadata: { resourceVersion: "1" },
      items: [entry(["db.example"], "1")],
    });
    await pass(LOOK_FOR_KINDS_MS);
    assert.deepEqual(hostsOf(kinds), ["db.example"]);
    const [document] = kinds.collect().documents;
    assert.deepEqual(document!.meta.annotations, {});
    assert.equal(document!.place.file, "cluster: ServiceEntry shop/db");
    assert.deepEqual(kinds.collect().faults, []);
    assert.deepEqual(kinds.collect().warnings.map(({ field }) => field), ["spec.newer"]);
    assert.deepEqual(failures, []);
  }, new Map());
});

const SERVED = (): Map<string, KubeDocument> =>
  new Map<string, KubeDocument>([
    [NETWORKING, groupOf("v1", "v1beta1")],
    [`${NETWORKING}/v1`, RESOURCES],
    [`${NETWORKING}/v1/serviceentries`, {
      metadata: { resourceVersion: "1" },
      items: [entry(["db.example"], "1")],
    }],
  ]);

Deno.test("followKinds() keeps what an object said before it was wrong, and takes what it says after", async () => {
  await withKinds(async ({ kinds, pass, push }) => {
    await kinds.synced;
    push({ type: "MODIFIED", object: entry(["*"], "2") });
    await pass();
    assert.deepEqual(hostsOf(kinds), ["db.example"]);
    const [fault] = kinds.collect().faults;
    assert.deepEqual([fault!.file, fault!.field, fault!.reason], [
      ...["cluster: ServiceEntry shop/db", "spec.hosts[0]", "invalid host *"],
    ]);
    push({ type: "MODIFIED", object: entry(["other.example"], "3") });
    await pass();
    assert.deepEqual([hostsOf(kinds), kinds.collect().faults], [["other.example"], []]);
  }, SERVED());
});

Deno.test("followKinds() lets objects go with their definition, and takes them when it is back", async () => {
  await withKinds(async ({ kinds, answers, pass, push, failures }) => {
    await kinds.synced;
    answers.delete(`${NETWORKING}/v1/serviceentries`);
    answers.delete(`${NETWORKING}/v1`);
    push({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } });
    await pass();
    for (let look = 1; look < LOOKS_UNTIL_GONE; look++) {
      await pass(LOOK_FOR_KINDS_MS);
      assert.deepEqual(hostsOf(kinds), ["db.example"], "the API server may have just started");
    }
    await pass(LOOK_FOR_KINDS_MS);
    assert.deepEqual(kinds.collect().documents, []);
    for (const [path, answer] of SERVED()) answers.set(path, answer);
    await pass(LOOK_FOR_KINDS_MS);
    assert.deepEqual(hostsOf(kinds), ["db.example"]);
    assert.deepEqual(failures, []);
  }, SERVED());
});

Deno.test("followKinds() keeps what a list held until the list of another version is whole", async () => {
  await withKinds(async ({ kinds, answers, pass, push }) => {
    await kinds.synced;
    answers.clear();
    answers.set(NETWORKING, groupOf("v1beta1"));
    answers.set(`${NETWORKING}/v1beta1`, RESOURCES);
    answers.set(`${NETWORKING}/v1beta1/serviceentries`, refused(403));
    push({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } });
    await pass();
    for (let look = 0; look < 2 * LOOKS_UNTIL_GONE; look++) await pass(LOOK_FOR_KINDS_MS);
    assert.deepEqual(hostsOf(kinds), ["db.example"]);
    answers.set(`${NETWORKING}/v1beta1/serviceentries`, {
      metadata: { resourceVersion: "1" },
      items: [entry(["other.example"], "1")],
    });
    await pass(LOOK_FOR_KINDS_MS);
    assert.deepEqual(hostsOf(kinds), ["other.example"]);
  }, new Map<string, KubeDocument | SignetError>(SERVED()));
});

Deno.test("followKinds() lets a policy that was never right allow nothing but by its good rules, and deny by those", async () => {
  const SECURITY = "/apis/security.istio.io";
  const list = `${SECURITY}/v1/authorizationpolicies`;
  const policy = (name: string, spec: KubeDocument) => ({
    metadata: { name, namespace: "shop", resourceVersion: "1" },
    spec,
  });
  const good = { to: [{ operation: { ports: ["80"] } }] };
  const bad = { to: [{ operation: { ports: ["x"] } }] };
  const answers = new Map<string, KubeDocument>([
    [SECURITY, groupOf("v1")],
    [`${SECURITY}/v1`, {
      resources: [{ kind: "AuthorizationPolicy", name: "authorizationpolicies" }],
    }],
    [list, {
      metadata: { resourceVersion: "1" },
      items: [
        policy("allow", { rules: [bad] }),
        policy("both", { rules: [good, bad] }),
        policy("deny", { action: "DENY", rules: [bad, good] }),
        policy("nothing", { action: "DENY", rules: [bad] }),
        policy("provider", { provider: { name: "x" }, rules: [good] }),
        policy("selector", { selector: { matchLabels: { a: "*" } }, rules: [bad] }),
      ],
    }],
  ]);
  await withKinds(async ({ kinds, pass, push }) => {
    await kinds.synced;
    const rules = () =>
      kinds.collect().documents.map((document) =>
        document.kind === "AuthorizationPolicy"
          ? [document.meta.name, document.spec.rules.map(({ to }) => to[0]?.operation?.ports)]
          : []
      );
    assert.deepEqual(rules(), [["allow", []], ["both", [["80"]]], ["deny", [["80"]]], [
      "provider",
      [["80"]],
    ]]);
    assert.equal(kinds.collect().faults.length >= 6, true);
    const changed = policy("allow", { rules: [bad, good] });
    push({
      type: "MODIFIED",
      object: { ...changed, metadata: { ...changed.metadata, resourceVersion: "2" } },
    });
    await pass();
    assert.deepEqual(rules()[0], ["allow", [["80"]]]);
  }, answers);
});

Deno.test("followKinds() tells what the API server refuses, and is not whole without it", async () => {
  const answers = new Map<string, KubeDocument | SignetError>(SERVED());
  answers.set(`${NETWORKING}/v1/serviceentries`, refused(403));
  await withKinds(async ({ kinds, pass, failures }) => {
    let isSynced = false;
    void kinds.synced.then(() => {
      isSynced = true;
    });
    await pass(LOOK_FOR_KINDS_MS);
    assert.equal(isSynced, false);
    assert.ok(failures.includes(`${NETWORKING}/v1/serviceentries`));
    answers.set(`${NETWORKING}/v1/serviceentries`, {
      metadata: { resourceVersion: "1" },
      items: [],
    });
    await pass(LOOK_FOR_KINDS_MS);
    assert.equal(isSynced, true);
  }, answers);
});
