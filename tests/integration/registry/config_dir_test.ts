/** The registry over a real folder: what is seen, what stays when something is wrong, Kubernetes' swaps of links. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { openRegistry, type ServiceRegistry } from "signet/registry/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { recordLogs } from "../../support/log_records.ts";

/** Longer than the time between two looks. */
const LOOK_MS = 500;
/** Turns after which what should have been seen was not: seconds, on the slowest disk. */
const MOST_TURNS = 1_000;

function entry(name: string, address: string): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name} }
spec: { hosts: [${name}.example], addresses: [${address}] }
`;
}

async function withFolder(
  body: (world: {
    readonly directory: string;
    readonly open: () => Promise<ServiceRegistry>;
    readonly pass: (until?: () => boolean) => Promise<void>;
    readonly logs: ReturnType<typeof recordLogs>;
    readonly metrics: ReturnType<typeof createMetrics>;
  }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const clock = createFakeClock(Date.UTC(2026, 0, 1));
  const [logs, metrics] = [recordLogs(), createMetrics()];
  const host = { clock, logger: logs.logger, metrics };
  try {
    await body({
      directory,
      logs,
      metrics,
      open: () =>
        openRegistry({
          ...{ configDir: directory, autoAddresses: undefined, domain: "cluster.local" },
        }, host),
      // Looks at a real disk take turns of the event loop that the fake clock knows nothing of.
      pass: async (until) => {
        for (let i = 0; until === undefined ? i < 8 : i < MOST_TURNS && !until(); i++) {
          await clock.advance(LOOK_MS);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function addresses({ current }: ServiceRegistry): Record<string, string> {
  return Object.fromEntries(
    current.services.map(({ host, addresses }) => [host, addresses.join()]),
  );
}

Deno.test("openRegistry() reads a folder with its folders, and follows every kind of change", async () => {
  await withFolder(async ({ directory, open, pass }) => {
    await Deno.mkdir(`${directory}/more`);
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.1"));
    await Deno.writeTextFile(`${directory}/more/b.yml`, entry("b", "10.0.0.2"));
    await Deno.writeTextFile(`${directory}/.hidden.yaml`, entry("hidden", "10.0.0.3"));
    await Deno.writeTextFile(`${directory}/README.md`, "not YAML: [");
    await using registry = await open();
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.1", "b.example": "10.0.0.2" });
    const seen: number[] = [];
    using _subscription = registry.onChange(({ services }) => void seen.push(services.length));
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.9"));
    await Deno.writeTextFile(
      `${directory}/c.json`,
      JSON.stringify({
        apiVersion: "networking.istio.io/v1",
        kind: "ServiceEntry",
        metadata: { name: "c" },
        spec: { hosts: ["c.example"], addresses: ["10.0.0.4"] },
      }),
    );
    await Deno.remove(`${directory}/more/b.yml`);
    await pass(() => seen.length > 0);
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.9", "c.example": "10.0.0.4" });
    assert.deepEqual(seen, [2], "one change, whole");
    await pass();
    assert.deepEqual(seen, [2], "nothing changed, nobody is told");
  });
});

Deno.test("openRegistry() keeps the last good state of a file, and says line and field once", async () => {
  await withFolder(async ({ directory, open, pass, logs, metrics }) => {
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.1"));
    await Deno.writeTextFile(`${directory}/b.yaml`, entry("b", "10.0.0.2"));
    await using registry = await open();
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.300"));
    await Deno.writeTextFile(`${directory}/b.yaml`, entry("b", "10.0.0.8"));
    await pass(() => addresses(registry)["b.example"] === "10.0.0.8");
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.1", "b.example": "10.0.0.8" });
    const refused = logs.records.filter(({ event }) => event === "registry.document_refused");
    assert.deepEqual(
      refused.map(({ fields }) => [fields["file"], fields["line"], fields["field"]]),
      [
        [`${directory}/a.yaml`, 4, "spec.addresses[0]"],
      ],
    );
    assert.match((await metrics.expose()).body, /^signet_registry_faults 1$/m);
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.3"));
    await pass(() => addresses(registry)["a.example"] === "10.0.0.3");
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.3", "b.example": "10.0.0.8" });
    assert.match((await metrics.expose()).body, /^signet_registry_faults 0$/m);
  });
});

Deno.test("openRegistry() says once what has no effect yet, and what is probably not meant", async () => {
  await withFolder(async ({ directory, open, pass, logs }) => {
    const rule =
      "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: r }\nspec:\n";
    const idle =
      "apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: { name: p }\nspec: { concurrency: 1 }\n";
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.1"));
    await Deno.writeTextFile(
      `${directory}/b.yaml`,
      `${rule}  host: a.example\n  workloadSelector: {}\n---\napiVersion: v1\nkind: Pod\n---\n${idle}`,
    );
    await using registry = await open();
    assert.deepEqual(registry.current.documents.map(({ kind }) => kind), [
      "ServiceEntry",
      "DestinationRule",
      "ProxyConfig",
    ]);
    const said = (name: string) => logs.records.filter(({ event }) => event === name);
    assert.deepEqual(
      said("registry.documents_without_effect").map(({ level, fields }) => [level, fields]),
      [["info", { withoutEffect: "ProxyConfig (1)", leftAlone: "v1 Pod (1)" }]],
    );
    assert.deepEqual(
      said("registry.document_warning").map(({ fields }) => [
        fields["file"],
        fields["line"],
        fields["field"],
      ]),
      [[`${directory}/b.yaml`, 6, "spec.workloadSelector"]],
    );
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.9"));
    await pass(() => addresses(registry)["a.example"] === "10.0.0.9");
    assert.equal(said("registry.documents_without_effect").length, 1);
    assert.equal(said("registry.document_warning").length, 1);
    // A rule that turns bad keeps what it was.
    await Deno.writeTextFile(`${directory}/b.yaml`, `${rule}  host: ''\n---\n${idle}`);
    await pass(() => said("registry.document_refused").length === 1);
    assert.equal(registry.current.documents.length, 3);
  });
});

Deno.test("openRegistry() takes the first of two documents of one name", async () => {
  await withFolder(async ({ directory, open, logs }) => {
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.1"));
    await Deno.writeTextFile(`${directory}/z.yaml`, entry("a", "10.0.0.2"));
    await using registry = await open();
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.1" });
    const [fault] = logs.records.filter(({ event }) => event === "registry.document_refused");
    assert.equal(fault?.fields["file"], `${directory}/z.yaml`);
    assert.match(String(fault?.fields["reason"]), /default\/a is in .*\/a\.yaml:1 already/);
  });
});

Deno.test("openRegistry() sees Kubernetes swap the link behind a mounted file", async () => {
  await withFolder(async ({ directory, open, pass }) => {
    for (const [version, address] of [["..v1", "10.0.0.1"], ["..v2", "10.0.0.2"]]) {
      await Deno.mkdir(`${directory}/${version}`);
      await Deno.writeTextFile(`${directory}/${version}/a.yaml`, entry("a", address!));
    }
    await Deno.symlink("..v1", `${directory}/..data`);
    await Deno.symlink("..data/a.yaml", `${directory}/a.yaml`);
    await using registry = await open();
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.1" });
    await Deno.symlink("..v2", `${directory}/..data.new`);
    await Deno.rename(`${directory}/..data.new`, `${directory}/..data`);
    await pass(() => addresses(registry)["a.example"] === "10.0.0.2");
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.2" });
  });
});

Deno.test("openRegistry() keeps what is in force while the folder is away", async () => {
  await withFolder(async ({ directory, open, pass, logs }) => {
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.1"));
    await using registry = await open();
    await Deno.rename(directory, `${directory}.away`);
    const failures = () =>
      logs.records.filter(({ event }) => event === "registry.unreadable").length;
    await pass(() => failures() > 0);
    await pass();
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.1" });
    assert.equal(failures(), 1);
    await Deno.rename(`${directory}.away`, directory);
    await Deno.writeTextFile(`${directory}/a.yaml`, entry("a", "10.0.0.2"));
    await pass(() => addresses(registry)["a.example"] === "10.0.0.2");
    assert.deepEqual(addresses(registry), { "a.example": "10.0.0.2" });
  });
});

Deno.test("openRegistry() ends with a loop of links and a folder that is none", async () => {
  await withFolder(async ({ directory, open }) => {
    await Deno.symlink(".", `${directory}/loop`);
    await assert.rejects(
      open(),
      (thrown) =>
        isSignetError(thrown, "registry.unreadable") && /8 folders deep/.test(thrown.message),
    );
  });
  await withFolder(async ({ directory, open }) => {
    await Deno.writeTextFile(`${directory}/file`, "");
    await Deno.remove(directory, { recursive: true });
    await assert.rejects(
      open(),
      (thrown) =>
        isSignetError(thrown, "registry.unreadable") && thrown.message.includes("--configDir"),
    );
    await Deno.mkdir(directory);
  });
});
