import assert from "node:assert/strict";

import denoConfig from "../../../deno.json" with { type: "json" };
import { parse } from "yaml";
import { chartTemplates } from "../../../scripts/helm.ts";
import { chartTemplate } from "../../../scripts/helm_chart.ts";

const ROOT = new URL("../../../", import.meta.url);

Deno.test("the chart's templates are those that the manifests make: scripts/deno task helm", async () => {
  const made = await chartTemplates();
  for (const [path, text] of Object.entries(made)) {
    assert.equal(await Deno.readTextFile(new URL(path, ROOT)), text, path);
  }
  const folder = new URL("packaging/helm/signet/templates", ROOT);
  const there = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const wanted = Object.keys(made).map((path) => path.split("/").at(-1)).sort();
  assert.deepEqual(there, wanted, "and no others");
});

Deno.test("chartTemplate() does not pass over a manifest in which a value has no place any more", () => {
  assert.throws(
    () => chartTemplate("deployment.yaml", "spec:\n  replicas: 3\n"),
    /replicas: 2.* once/,
  );
  assert.match(chartTemplate("other.yaml", "namespace: istio-system\n"), /\.Release\.Namespace/);
});

Deno.test("the chart has signet's version", async () => {
  const chart = parse(await Deno.readTextFile(new URL("packaging/helm/signet/Chart.yaml", ROOT)));
  assert.deepEqual([chart.version, chart.appVersion], [denoConfig.version, denoConfig.version]);
});
