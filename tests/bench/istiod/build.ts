/** Builds the programs of the istiod baseline into the peers' cache, from the Go modules in this folder. */
import { announce, findPeer, type PeerName, peersDir } from "../../support/peers.ts";
import { run } from "../../support/process.ts";

const HERE = new URL(".", import.meta.url).pathname;
const BUILD_TIMEOUT_MS = 45 * 60_000;

interface Program {
  readonly name: PeerName;
  readonly module: string;
  readonly package: string;
  readonly about: string;
}

/** The programs, in the order in which they are started. */
export const PROGRAMS: readonly Program[] = [
  { name: "etcd", module: "etcd", package: "go.etcd.io/etcd/server/v3", about: "1 minute" },
  {
    name: "kube-apiserver",
    module: "kube_apiserver",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    about: "4 minutes",
  },
  {
    name: "pilot-discovery",
    module: "pilot_discovery",
    package: "istio.io/istio/pilot/cmd/pilot-discovery",
    about: "4 minutes",
  },
];

/**
 * Builds those programs that are missing and gives the path of each by name.
 *
 * @throws {TypeError} when a build fails, with the compiler's words.
 */
export async function buildIstiod(): Promise<Readonly<Record<string, string>>> {
  const paths: Record<string, string> = {};
  for (const program of PROGRAMS) {
    paths[program.name] = findPeer(program.name) ?? await build(program);
  }
  return paths;
}

async function build(program: Program): Promise<string> {
  announce(`building ${program.name} (about ${program.about} on two cores, once)`);
  const path = `${peersDir()}/${program.name}`;
  await Deno.mkdir(peersDir(), { recursive: true });
  const flags = ["-p", "1", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
  const ran = await run("nice", ["go", "build", ...flags, "-o", path, program.package], {
    cwd: HERE + program.module,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (ran.code !== 0) {
    throw new TypeError(`Cannot build ${program.name}: ${ran.stderr.slice(-2_000)}`);
  }
  return path;
}

if (import.meta.main) await buildIstiod();
