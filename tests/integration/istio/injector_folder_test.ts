/** The injector over a folder with real files: overwritten, swapped by links as Kubernetes swaps them, broken, gone. */
import assert from "node:assert/strict";
import { systemClock } from "signet/base/mod.ts";
import { type Injector, openInjector } from "signet/inject/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { recordLogs } from "../../support/log_records.ts";
import { until } from "../../support/until.ts";
import { pod } from "./injection_rows.ts";

const configOf = (mark: string) =>
  `policy: enabled\ntemplates:\n  sidecar: |\n    metadata:\n      labels: {by: ${mark}, td: "{{ .MeshConfig.TrustDomain }}", port: "{{ .MeshConfig.ProxyListenPort }}"}\n`;

function labelsOf(injector: Injector): Record<string, unknown> {
  const outcome = injector.inject({ pod: pod(), namespace: "shop", path: "", dryRun: false });
  if (outcome.kind !== "patched") return {};
  return Object.fromEntries(
    outcome.patch.flatMap((operation) => {
      const name = /^\/metadata\/labels\/(.*)$/.exec(operation.path)?.[1];
      return name === undefined || operation.op === "remove" ? [] : [[name, operation.value]];
    }),
  );
}

async function world() {
  const directory = await Deno.makeTempDir();
  const { logger, records } = recordLogs();
  const host = {
    ...{ logger, metrics: createMetrics(), kube: undefined, clock: systemClock() },
    trustDomain: () => "mesh.example",
  };
  const config = {
    directory: `${directory}/inject`,
    configMap: undefined,
    builtin: { image: "i", clusterName: "c" },
    revision: "",
    nativeSidecars: "off" as const,
    mesh: { path: `${directory}/mesh` },
  };
  return { directory, records, open: () => openInjector(config, host) };
}

Deno.test("openInjector() follows the files of its folder, and those behind links that are swapped", async () => {
  const { directory, records, open } = await world();
  try {
    // As a ConfigMap is mounted: the files are links through one link that is swapped.
    const inject = `${directory}/inject`;
    const version = async (name: string, mark: string) => {
      await Deno.mkdir(`${inject}/${name}`, { recursive: true });
      await Deno.writeTextFile(`${inject}/${name}/config`, configOf(mark));
      await Deno.writeTextFile(`${inject}/${name}/values`, "{}");
      await Deno.symlink(name, `${inject}/..data_tmp`);
      await Deno.rename(`${inject}/..data_tmp`, `${inject}/..data`);
    };
    await version("..one", "one");
    for (const name of ["config", "values"]) {
      await Deno.symlink(`..data/${name}`, `${inject}/${name}`);
    }
    await using injector = await open();
    assert.ok(injector);
    const inForce = (name: string, value: string) => () =>
      Promise.resolve(labelsOf(injector)[name] === value ? true : undefined);
    const logged = (text: string) => () =>
      Promise.resolve(records.find(({ message }) => message.includes(text)));
    assert.deepEqual(labelsOf(injector), { by: "one", td: "mesh.example", port: "15001" });
    await version("..two", "two");
    await until("the second version is in force", inForce("by", "two"));
    await Deno.writeTextFile(`${inject}/..two/config`, "templates: [");
    await until("the fault is logged", logged("update error: Cannot use"));
    assert.equal(labelsOf(injector)["by"], "two");
    await Deno.remove(`${inject}/..two/values`);
    await until("the loss is logged", logged("values is not there"));
    await version("..three", "three");
    await until("the third version is in force", inForce("by", "three"));
    await Deno.writeTextFile(`${directory}/mesh`, "proxyListenPort: 16001\n");
    await until("the mesh config is in force", inForce("port", "16001"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("openInjector() ends the start when a file of its folder is broken or missing", async () => {
  const { directory, open } = await world();
  try {
    await Deno.mkdir(`${directory}/inject`);
    await assert.rejects(open(), /inject\/config is not there/);
    await Deno.writeTextFile(`${directory}/inject/config`, "a: [");
    await assert.rejects(open(), /inject\/values is not there/);
    await Deno.writeTextFile(`${directory}/inject/values`, "{}");
    await assert.rejects(open(), /config: Cannot read YAML/);
    await Deno.writeTextFile(`${directory}/inject/config`, "policy: enabled");
    await Deno.writeTextFile(`${directory}/mesh`, "defaultConfig: {concurrency: many}");
    await assert.rejects(open(), /Cannot use the mesh config for injection: /);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
