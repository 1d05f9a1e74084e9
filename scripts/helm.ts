/**
 * Writes the templates of the Helm chart from the manifests of `packaging/kubernetes`.
 *
 * Usage: `scripts/deno task helm`
 */
import { parse } from "yaml";
import { chartTemplate, NOT_IN_CHART, optionTemplate } from "./helm_chart.ts";

const MANIFESTS = "packaging/kubernetes";
const TEMPLATES = "packaging/helm/signet/templates";

/** The templates by their paths, as they should be. */
export async function chartTemplates(): Promise<Readonly<Record<string, string>>> {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../${MANIFESTS}/${name}`, import.meta.url));
  const { resources } = parse(await read("kustomization.yaml")) as { resources: string[] };
  const made = resources.filter((name) => !NOT_IN_CHART.includes(name)).map(async (name) =>
    [`${TEMPLATES}/${name}`, chartTemplate(name, await read(name))] as const
  );
  const folders =
    (await Array.fromAsync(Deno.readDir(new URL(`../${MANIFESTS}/options`, import.meta.url)))).map((
      { name },
    ) => name);
  const options = folders.map(async (option) =>
    [
      `${TEMPLATES}/option_${option}.yaml`,
      optionTemplate(option, await read(`options/${option}/rbac.yaml`)),
    ] as const
  );
  return Object.fromEntries(await Promise.all([...made, ...options]));
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  await Deno.mkdir(TEMPLATES, { recursive: true });
  for (const [path, text] of Object.entries(await chartTemplates())) {
    await Deno.writeTextFile(path, text);
  }
}
