// deno-lint-ignore-file no-console -- a script prints
/**
 * Builds the foreign programs that tests run signet against, from Go modules, into the peers' cache; those that are there stay.
 *
 * curl, openssl and h2load come with the system's package manager: this says which are missing. The first build takes some minutes.
 *
 * Usage: `scripts/deno task peers`
 */
import { findPeer, peersDir } from "../tests/support/peers.ts";

/** Go packages by the name of their program. */
const GO_PEERS = {
  grpcurl: "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4",
  zlint: "github.com/zmap/zlint/v3/cmd/zlint@v3.7.3",
} as const;
/** Programs that a package manager brings, with the Debian package. */
const SYSTEM_PEERS = { curl: "curl", openssl: "openssl", h2load: "nghttp2-client" } as const;

async function go(args: readonly string[], cwd: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("go", {
      args: [...args],
      cwd,
      env: { GOBIN: peersDir(), GOFLAGS: "-buildvcs=false" },
      stdin: "null",
    }).output();
    return success;
  } catch {
    console.error("peers: Go is missing: install it to build the peers");
    return false;
  }
}

async function main(): Promise<boolean> {
  await Deno.mkdir(peersDir(), { recursive: true });
  let complete = await go(["install", "./cmd/..."], "tests/integration/go");
  for (const [name, at] of Object.entries(GO_PEERS)) {
    if (findPeer(name as keyof typeof GO_PEERS) !== undefined) continue;
    console.log(`peers: building ${name} (minutes, once)`);
    complete = await go(["install", at], peersDir()) && complete;
  }
  for (const [name, debianPackage] of Object.entries(SYSTEM_PEERS)) {
    if (findPeer(name as keyof typeof SYSTEM_PEERS) !== undefined) continue;
    console.error(`peers: ${name} is missing: apt-get install ${debianPackage}`);
    complete = false;
  }
  return complete;
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  Deno.exit(await main() ? 0 : 1);
}
