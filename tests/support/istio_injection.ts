/** Istio's own injection webhook as a program (`istioinject`): what it makes of many pods at once, and what Istio ships. */

/** One pod, with everything that decides what becomes of it. */
export interface InjectionQuestion {
  /** The pod. */
  readonly pod: unknown;
  /** The namespace of the request. */
  readonly namespace: string;
  /** What follows `/inject`. */
  readonly path: string;
  /** The file `config`. */
  readonly config: string;
  /** The file `values`. */
  readonly values: string;
  /** The mesh config. */
  readonly meshConfig: string;
  /** istiod's revision. */
  readonly revision: string;
  /** True where sidecars are native unless a pod says otherwise. */
  readonly native: boolean;
  /** A patch to apply to the pod, to compare what that gives. */
  readonly patch?: unknown;
}

/** What the program says. */
export interface InjectionAnswer {
  /** Why the configuration is refused. */
  readonly config?: string;
  /** Why the pod is refused. */
  readonly error?: string;
  /** The pod after the webhook's patch; absent when it gets none. */
  readonly patched?: unknown;
  /** The patch. */
  readonly patch?: unknown;
  /** The pod after the question's patch, in the same form. */
  readonly other?: unknown;
  /** Why that patch does not apply. */
  readonly otherError?: string;
}

/** What Istio ships. */
export interface ShippedInjection {
  /** Templates by name. */
  readonly templates: Readonly<Record<string, string>>;
  /** The values of its charts. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Asks about pods, in their order. */
export async function askIstio(
  istioinject: string,
  questions: readonly InjectionQuestion[],
): Promise<readonly InjectionAnswer[]> {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
  const said = await run(istioinject, [], input);
  if (said.length !== questions.length) {
    throw new TypeError(`Cannot ask about ${questions.length} pods: ${said.length} answers`);
  }
  return said as readonly InjectionAnswer[];
}

/** Istio's own templates and values. */
export async function shippedByIstio(istioinject: string): Promise<ShippedInjection> {
  return (await run(istioinject, ["-shipped"], ""))[0] as ShippedInjection;
}

/** The fields of a pod and of a ProxyConfig. */
export async function tablesOfIstio(istioinject: string): Promise<{
  readonly pod: Readonly<Record<string, string>>;
  readonly proxyConfig: Readonly<Record<string, string>>;
  readonly enums: Readonly<Record<string, string>>;
}> {
  return (await run(istioinject, ["-tables"], ""))[0] as Awaited<ReturnType<typeof tablesOfIstio>>;
}

async function run(
  path: string,
  args: readonly string[],
  input: string,
): Promise<readonly unknown[]> {
  const child = new Deno.Command(path, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writing = (async () => {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  })();
  const { code, stdout, stderr } = await child.output();
  await writing;
  if (code !== 0) {
    const why = new TextDecoder().decode(stderr).slice(-2000);
    throw new TypeError(`${path} ended with ${code}: ${why}`);
  }
  // Packages of Istio log to standard output before the program begins.
  const lines = new TextDecoder().decode(stdout).split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as unknown);
}
