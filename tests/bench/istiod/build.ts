/** Builds the programs of the istiod baseline into the peers' cache. */
import { buildGoProgram, type GoProgram, KUBERNETES_PROGRAMS } from "../../support/go_build.ts";
import { findPeer } from "../../support/peers.ts";

/** The programs, in the order in which they are started. */
export const PROGRAMS: readonly GoProgram[] = [
  ...KUBERNETES_PROGRAMS,
  {
    name: "pilot-discovery",
    module: "tests/bench/istiod/pilot_discovery",
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
    paths[program.name] = findPeer(program.name) ?? await buildGoProgram(program);
  }
  return paths;
}

if (import.meta.main) await buildIstiod();
