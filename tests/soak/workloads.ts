/** `caclient soak` as a process: workloads that renew over kept and new connections until they are told to stop. */
import assert from "node:assert/strict";
import { type IdentityFiles, tlsFlags } from "../support/caclient.ts";
import { gather } from "../support/process.ts";
import type { SignetServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** What `caclient soak` prints at its end. */
export interface SoakCounts {
  /** Certificates over kept connections. */
  readonly issued: number;
  /** New connections, each with one certificate. */
  readonly churned: number;
  /** TCP connections that the kept ones needed. */
  readonly connections: number;
  /** How often a workload got other roots than before. */
  readonly bundles: number;
  /** Calls that failed, after what grpc-go itself tries again. */
  readonly failed: number;
  /** The first of them. */
  readonly examples: readonly string[];
}

/** Running workloads. */
export interface Workloads extends AsyncDisposable {
  /** Resolves when every workload has a certificate that came with these roots. */
  untilAllHave(bundle: string): Promise<void>;
  /** Stops them and gives the counts. */
  end(): Promise<SoakCounts>;
}

/** Starts them, all with one first identity. */
export function startWorkloads(
  path: string,
  server: SignetServer,
  options: { readonly identity: IdentityFiles; readonly workloads: number },
): Workloads {
  const { identity, workloads } = options;
  const child = new Deno.Command(path, {
    args: ["soak", ...tlsFlags(server, identity), "-workloads", String(workloads)],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const bundles = new Map<number, string>();
  let rest = "";
  const out = gather(child.stdout);
  const err = gather(child.stderr, {
    onText(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!line.startsWith("{")) continue; // a complaint: end() shows it
        const { workload, sha256 } = JSON.parse(line) as { workload: number; sha256: string };
        bundles.set(workload, sha256);
      }
    },
  });
  return {
    async untilAllHave(bundle) {
      const wanted = await sha256Hex(bundle);
      const isDone = () =>
        bundles.size === workloads && [...bundles.values()].every((seen) => seen === wanted);
      await until("every workload has the roots", () => Promise.resolve(isDone() || undefined));
    },
    async end() {
      await child.stdin.close();
      const { code } = await child.status;
      await Promise.all([out.done, err.done]);
      assert.equal(code, 0, err.text());
      return JSON.parse(out.text()) as SoakCounts;
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch (thrown) {
        if (!(thrown instanceof TypeError)) throw thrown; // it has ended
      }
      await child.status;
    },
  };
}

async function sha256Hex(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))
    .toHex();
}
