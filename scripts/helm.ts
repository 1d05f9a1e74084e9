/**
 * Writes the templates of the Helm chart from the manifests of `packaging/kubernetes`.
 *
 * Usage: `scripts/deno task helm`
 */
import { parse } from "yaml";
import { chartTemplate, NOT_IN_CHART, optionsTemplate } from "./helm_chart.ts";

const ROOT = new URL("../", import.meta.url);
const MANIFESTS = "packaging/kubernetes";
const TEMPLATES = "packaging/helm/signet/templates";

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(`${MANIFESTS}/${path}`, ROOT));
}

async function resourcesOf(folder: string): Promise<readonly string[]> {
  return (parse(await read(`${folder}kustomization.yaml`)) as { resources: string[] }).resources;
}

/** Names of the options' folders. */
export async function manifestOptions(): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(`${MANIFESTS}/options`, ROOT)));
  return entries.map(({ name }) => name).sort();
}

/** The templates by their paths, as they should be. */
export async function chartTemplates(): Promise<Readonly<Record<string, string>>> {
  const templates: Record<string, string> = {};
  for (const name of await resourcesOf("")) {
    if (NOT_IN_CHART.includes(name)) continue;
    templates[`${TEMPLATES}/${name}`] = chartTemplate(name, await read(name));
  }
  const options: Record<string, string> = {};
  for (const option of await manifestOptions()) {
    const folder = `options/${option}/`;
    const files = (await resourcesOf(folder)).map((name) => read(`${folder}${name}`));
    options[option] = (await Promise.all(files)).join("---\n");
  }
  templates[`${TEMPLATES}/options.yaml`] = optionsTemplate(options);
  return templates;
}

if (import.meta.main) {
  Deno.chdir(ROOT);
  await Deno.mkdir(TEMPLATES, { recursive: true });
  for (const [path, text] of Object.entries(await chartTemplates())) {
    await Deno.writeTextFile(path, text);
  }
}
