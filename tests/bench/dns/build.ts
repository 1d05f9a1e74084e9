/** CoreDNS, built into the peers' cache out of the Go module beside this when it is not there. */
import { buildGoProgram } from "../../support/go_build.ts";
import { findPeer } from "../../support/peers.ts";

/**
 * The path of CoreDNS.
 *
 * @throws {TypeError} when the build fails, with the compiler's words.
 */
export async function buildCoredns(): Promise<string> {
  return findPeer("coredns") ?? await buildGoProgram({
    name: "coredns",
    module: "tests/bench/dns/coredns",
    package: ".",
    about: "2 minutes",
  });
}
