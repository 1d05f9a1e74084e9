/** Building foreign programs into the peers' cache, from Go modules that name a package at an exact version and nothing else. */
import { announce, type PeerName, peersDir } from "./peers.ts";
import { run } from "./process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const BUILD_TIMEOUT_MS = 45 * 60_000;

/** A program, and where it is built from. */
export interface GoProgram {
  /** Its name in the cache. */
  readonly name: PeerName;
  /** The folder of its module, from the repository's top. */
  readonly module: string;
  /** The package. */
  readonly package: string;
  /** How long it takes, for people. */
  readonly about: string;
}

/** A Kubernetes API server, its store, and a signer of its. */
export const KUBERNETES_PROGRAMS: readonly GoProgram[] = [
  {
    name: "etcd",
    module: "tests/integration/kubernetes/etcd",
    package: "go.etcd.io/etcd/server/v3",
    about: "1 minute",
  },
  {
    name: "kube-apiserver",
    module: "tests/integration/kubernetes/kube_apiserver",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    about: "5 minutes",
  },
  {
    name: "csrsigner",
    module: "tests/integration/kubernetes/kube_apiserver",
    package: "./cmd/csrsigner",
    about: "1 minute",
  },
];

/**
 * Builds a program and gives its path.
 *
 * @throws {TypeError} when the build fails, with the compiler's words.
 */
export async function buildGoProgram(program: GoProgram): Promise<string> {
  announce(`building ${program.name} (about ${program.about} on two cores, once)`);
  const path = `${peersDir()}/${program.name}`;
  await Deno.mkdir(peersDir(), { recursive: true });
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
  const ran = await run("nice", ["go", "build", ...flags, "-o", path, program.package], {
    cwd: ROOT + program.module,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (ran.code !== 0) {
    throw new TypeError(`Cannot build ${program.name}: ${ran.stderr.slice(-2_000)}`);
  }
  return path;
}
