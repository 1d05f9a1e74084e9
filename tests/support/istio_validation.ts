/** Istio's own validation, and the API server's by Istio's CRDs, as a program (`istiovalidate`): verdicts on many documents at once. */
import { peersDir } from "./peers.ts";

/** What the program says of one document; empty texts are fine. */
export interface Verdict {
  /** Why the API server would refuse it. */
  readonly schema: string;
  /** Why istiod's webhook would refuse it. */
  readonly error: string;
  /** What istiod's webhook would warn of. */
  readonly warning: string;
}

/** Istio's CustomResourceDefinitions, which `scripts/peers.ts` lays beside the programs. */
export function istioCrds(): string {
  return `${peersDir()}/../istio-crds.yaml`;
}

/** Verdicts on documents, in their order. */
export async function judgeByIstio(
  istiovalidate: string,
  documents: readonly unknown[],
): Promise<readonly Verdict[]> {
  const child = new Deno.Command(istiovalidate, {
    args: ["-json", "-crds", istioCrds()],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writing = (async () => {
    const writer = child.stdin.getWriter();
    const lines = documents.map((document) => `${JSON.stringify(document)}\n`).join("");
    await writer.write(new TextEncoder().encode(lines));
    await writer.close();
  })();
  const { code, stdout, stderr } = await child.output();
  await writing;
  // Packages of Istio log to standard output before the program begins.
  const said = new TextDecoder().decode(stdout).split("\n").filter((line) => line.startsWith("{"));
  if (code !== 0 || said.length !== documents.length) {
    const why = new TextDecoder().decode(stderr).slice(-2000);
    throw new TypeError(`Cannot judge ${documents.length} documents: ${said.length} lines, ${why}`);
  }
  return said.map((line) => JSON.parse(line) as Verdict);
}
