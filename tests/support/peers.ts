/**
 * Foreign programs that tests run signet against: where they are, and what happens when one is missing.
 *
 * Those that a package manager does not bring are built by `scripts/peers.ts` into the peers' cache.
 */

/** A program that tests may ask for. */
export type PeerName =
  | "bash"
  | "caclient"
  | "coredns"
  | "csrsigner"
  | "curl"
  | "dnsdist"
  | "dnsperf"
  | "envoy"
  | "etcd"
  | "fish"
  | "getent"
  | "gotemplate"
  | "grpcurl"
  | "h2load"
  | "h2spec"
  | "helm"
  | "ip"
  | "istioinject"
  | "istiovalidate"
  | "kube-apiserver"
  | "lint_pkix_cert"
  | "mandoc"
  | "nsenter"
  | "openssl"
  | "otlpsink"
  | "pilot-agent"
  | "pilot-discovery"
  | "promcheck"
  | "kdig"
  | "python"
  | "spiffeclient"
  | "systemd-analyze"
  | "unbound"
  | "unshare"
  | "x509verify"
  | "zlint"
  | "zsh";

/** The folder of the programs that were built for the tests. */
export function peersDir(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? ""}/.cache`;
  return `${cache}/signet-peers/bin`;
}

/** The template from which Istio's agent makes Envoy's bootstrap. */
export function istioBootstrapFile(): string {
  return `${peersDir()}/../istio/envoy_bootstrap.json`;
}

/** The virtual environment of Python that belongs to the tests. */
export function pythonDir(): string {
  return `${peersDir()}/../python`;
}

/** Path of a peer, or undefined when this machine has none. */
export function findPeer(name: PeerName): string | undefined {
  const own = [`${pythonDir()}/bin`];
  // The machine's own Python lacks the packages.
  const folders = name === "python"
    ? own
    : [...own, peersDir(), ...(Deno.env.get("PATH") ?? "").split(":")];
  return folders.map((folder) => `${folder}/${name}`).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** True where a missing peer is a failure: in CI. */
export function peersAreRequired(): boolean {
  return Deno.env.get("CI") === "true";
}

/**
 * A test that needs peers. On a laptop without them it is skipped aloud; in CI it fails.
 *
 * `body` is given the path of each peer by name.
 */
export function testWithPeers<Name extends PeerName>(
  claim: string,
  names: readonly Name[],
  body: (t: Deno.TestContext, peers: Readonly<Record<Name, string>>) => Promise<void>,
): void {
  const found = Object.fromEntries(names.map((name) => [name, findPeer(name)]));
  const missing = names.filter((name) => found[name] === undefined);
  const ignore = missing.length > 0 && !peersAreRequired();
  if (ignore) announce(`SKIPPED for want of ${missing.join(", ")}: ${claim}`);
  Deno.test({
    name: claim,
    ignore,
    fn: async (t) => {
      if (missing.length > 0) {
        throw new TypeError(`Cannot run test: ${missing.join(", ")} missing, see scripts/peers.ts`);
      }
      await body(t, found as Record<Name, string>);
    },
  });
}

/**
 * A {@linkcode testWithPeers} that loads, kills or soaks: it says the same of a server from source as of the executable and takes long, so
 * it runs once, on the executable. From source it is skipped aloud, unless `SIGNET_LONG_ROWS` is set.
 */
export function longTestWithPeers<Name extends PeerName>(
  claim: string,
  names: readonly Name[],
  body: (t: Deno.TestContext, peers: Readonly<Record<Name, string>>) => Promise<void>,
): void {
  if (Deno.env.get("SIGNET_EXECUTABLE") || Deno.env.get("SIGNET_LONG_ROWS")) {
    testWithPeers(claim, names, body);
    return;
  }
  announce(`SKIPPED from source, runs on the executable (SIGNET_LONG_ROWS=1 runs it): ${claim}`);
  Deno.test({ name: claim, ignore: true, fn: () => {} });
}

/** Prints a line that nobody overlooks between test results. */
export function announce(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`\n*** ${line}\n`));
}

/** How many rounds a long test makes: `full` when `SIGNET_FULL_ROUNDS` is set, else `few`; the number is printed. */
export function rounds(what: string, few: number, full: number): number {
  const chosen = Deno.env.get("SIGNET_FULL_ROUNDS") ? full : few;
  announce(`${what}: ${chosen} rounds (SIGNET_FULL_ROUNDS=1 makes it ${full})`);
  return chosen;
}
