/** The servers that are measured, with the same names, certificates of the same kind, and both cores. */
import { findPeer } from "../../support/peers.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { freePort } from "../../support/ports.ts";
import { startUnbound, type Unbound } from "../../support/unbound.ts";
import { startDaemon } from "../../support/daemon.ts";
import { buildCoredns } from "./build.ts";
import {
  FORWARDED,
  FORWARDED_NAMES,
  hostsFile,
  LOCAL_NAMES,
  localData,
  serviceEntries,
  ZONE,
} from "./zone.ts";

/** Whose figures stand in a column. */
export type ServerName = "signet" | "coredns" | "unbound";

/** A running server. */
export interface DnsTarget {
  readonly name: ServerName;
  readonly pid: number;
  /** Of DNS over TLS on 127.0.0.1. */
  readonly port: number;
  /** A port that wants client certificates; `undefined` for a server that has none. */
  readonly mutualPort: number | undefined;
}

/** All of them. */
export interface DnsTargets extends AsyncDisposable {
  readonly all: readonly DnsTarget[];
  /** A client certificate that signet and CoreDNS take. */
  readonly client: { readonly cert: string; readonly key: string };
}

/** Path of a program that must be there. */
export function needed(name: "unbound" | "openssl" | "dnsperf"): string {
  const found = findPeer(name);
  if (found === undefined) throw new TypeError(`Cannot measure: ${name} is missing`);
  return found;
}

/** Starts the servers, and the resolver that they forward to. */
export async function startTargets(executable: string): Promise<DnsTargets> {
  await using opened = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "signet-bench-dns-" });
  opened.defer(() => Deno.remove(dir, { recursive: true }));
  await certificate(dir);
  const upstream = opened.use(
    await startUnbound(needed("unbound"), {
      server: ["num-threads: 1", ...localData(FORWARDED, FORWARDED_NAMES)],
    }),
  );
  const signet = opened.use(await startMeshServer(executable, { dir, upstream }));
  const client = await issueClient(executable, { dir, signet });
  const unbound = opened.use(await startPeerUnbound({ dir, upstream }));
  const coredns = await startCoredns({ dir, upstream, clientRoots: signet.rootFile });
  opened.defer(coredns.stop);
  const all = [
    { name: "signet", pid: signet.pid, port: signet.ports.dns, mutualPort: signet.ports.dns },
    coredns.target,
    { name: "unbound", pid: unbound.pid, port: unbound.tlsPort, mutualPort: undefined },
  ] as const;
  const held = opened.move();
  return { all, client, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

interface Place {
  readonly dir: string;
  readonly upstream: Unbound;
}

/** A self-signed certificate with a P-256 key, for the peers; signet's own has such a key too. */
async function certificate(dir: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const out = ["-keyout", `${dir}/key.pem`, "-out", `${dir}/cert.pem`];
  await mustRun(needed("openssl"), ["req", "-x509", "-days", "2", ...key, ...names, ...out]);
}

async function startMeshServer(
  executable: string,
  { dir, upstream }: Place,
): Promise<SignetServer> {
  await Deno.mkdir(`${dir}/services`);
  await Deno.writeTextFile(`${dir}/services/names.yaml`, serviceEntries(LOCAL_NAMES));
  const to = ["--dnsUpstream", `udp://127.0.0.1:${upstream.port}`];
  // One client stands for all: it gets as many connections as it wants.
  const limits = ["--dnsMaxConnectionsPerClient", "10000"];
  const args = ["--configDir", `${dir}/services`, ...to, ...limits];
  return await startSignet({ executable, args });
}

async function issueClient(
  executable: string,
  { dir, signet }: { readonly dir: string; readonly signet: SignetServer },
): Promise<DnsTargets["client"]> {
  const identity = ["--identity", "spiffe://cluster.local/ns/bench/sa/client"];
  const at = ["--out", `${dir}/client`, "--stateDir", signet.stateDir];
  await mustRun(executable, ["issue", ...identity, ...at, "--keyType", "P-256"]);
  return { cert: `${dir}/client/cert-chain.pem`, key: `${dir}/client/key.pem` };
}

async function startPeerUnbound({ dir, upstream }: Place): Promise<Unbound> {
  return await startUnbound(needed("unbound"), {
    tls: { certPath: `${dir}/cert.pem`, keyPath: `${dir}/key.pem` },
    server: [
      ...["num-threads: 2", "so-reuseport: yes", "incoming-num-tcp: 2000", "verbosity: 0"],
      ...localData(ZONE, LOCAL_NAMES),
    ],
    clauses: [
      ...["forward-zone:", '  name: "."', `  forward-addr: 127.0.0.1@${upstream.port}`],
    ],
  });
}

async function startCoredns(
  { dir, upstream, clientRoots }: Place & { readonly clientRoots: string },
): Promise<{ readonly target: DnsTarget; readonly stop: () => Promise<void> }> {
  const [port, mutualPort] = [freePort(), freePort()];
  const hosts = [`hosts ${dir}/hosts ${ZONE} {`, "ttl 30", "no_reverse", "reload 0", "}"];
  const files = `${dir}/cert.pem ${dir}/key.pem`;
  const block = (zone: string, at: number, lines: readonly string[]) =>
    [`tls://${zone}:${at} {`, "bind 127.0.0.1", ...lines, "}"].join("\n");
  const forward = ["cache 3600", `forward . 127.0.0.1:${upstream.port}`];
  const mutual = [
    `tls ${files} ${clientRoots} {`,
    "client_auth require_and_verify",
    "}",
  ];
  const text = [
    block(ZONE, port, [`tls ${files}`, ...hosts]),
    block(".", port, [`tls ${files}`, ...forward]),
    block(ZONE, mutualPort, [...mutual, ...hosts]),
  ].join("\n");
  await Deno.writeTextFile(`${dir}/hosts`, hostsFile(LOCAL_NAMES));
  await Deno.writeTextFile(`${dir}/Corefile`, `${text}\n`);
  const daemon = await startDaemon(await buildCoredns(), {
    args: ["-conf", `${dir}/Corefile`],
    cwd: dir,
    async ready() {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return "";
    },
    isReady: () => true,
  });
  return { target: { name: "coredns", pid: daemon.pid, port, mutualPort }, stop: daemon.stop };
}
