/** Asks the Go program `gotemplate` (`tests/integration/istio/cmd/gotemplate`). */
import type { Rendered, TemplateCase } from "./case.ts";

/** What Go makes of each case. */
export async function renderByGo(
  program: string,
  cases: readonly TemplateCase[],
): Promise<readonly Rendered[]> {
  const child = new Deno.Command(program, {
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = cases.map((one) => `${JSON.stringify(one)}\n`).join("");
  const asking = new Blob([lines]).stream().pipeTo(child.stdin);
  const [output] = await Promise.all([child.output(), asking]);
  if (!output.success) throw new TypeError(`gotemplate ended with ${output.code}`);
  const answers = new TextDecoder().decode(output.stdout).trimEnd().split("\n");
  return answers.map((line) => JSON.parse(line));
}
