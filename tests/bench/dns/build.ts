/** Builds CoreDNS into the peers' cache, out of the Go module beside this, when it is not there. */
import { announce, findPeer, peersDir } from "../../support/peers.ts";
import { run } from "../../support/process.ts";

const MODULE = new URL("coredns", import.meta.url).pathname;
const BUILD_TIMEOUT_MS = 30 * 60_000;

/**
 * The path of CoreDNS.
 *
 * @throws {TypeError} when the build fails, with the compiler's words.
 */
export async function buildCoredns(): Promise<string> {
  const found = findPeer("coredns");
  if (found !== undefined) return found;
  announce("building coredns (about 2 minutes on two cores, once)");
  const path = `${peersDir()}/coredns`;
  await Deno.mkdir(peersDir(), { recursive: true });
  const flags = ["-p", "1", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
  const ran = await run("nice", ["go", "build", ...flags, "-o", path, "."], {
    cwd: MODULE,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (ran.code !== 0) throw new TypeError(`Cannot build coredns: ${ran.stderr.slice(-2_000)}`);
  return path;
}
