/** Istio's own control plane with a plugged-in CA, as the baseline that signet is measured against. */
import { buildIstiod } from "./build.ts";
import { startDaemon } from "../../support/daemon.ts";
import { startCluster } from "../../support/kubernetes.ts";
import { freePort } from "../../support/ports.ts";

/** A running istiod. */
export interface Istiod {
  /** `host:port` of the secure gRPC listener. */
  readonly addr: string;
  /** `host:port` of its webhooks. */
  readonly httpsAddr: string;
  /** The name that its certificate carries. */
  readonly serverName: string;
  /** Process id of pilot-discovery, whose CPU and memory count. */
  readonly pid: number;
  /** Ends pilot-discovery, the API server and etcd, and removes their files. */
  stop(): Promise<void>;
}

const BUNDLE = ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"] as const;

/**
 * Builds what is missing, then starts etcd, kube-apiserver and pilot-discovery.
 *
 * @param caDir a folder in istiod's form: `ca-cert.pem`, `ca-key.pem`, `root-cert.pem`, `cert-chain.pem`. An empty chain, as a
 * self-signed root has, becomes the root itself, since istiod takes no empty one.
 * @param options.inject the injector's files `config` and `values`; without them it injects nothing.
 */
export async function startIstiod(
  caDir: string,
  { inject = {} }: { readonly inject?: Readonly<Record<string, string>> } = {},
): Promise<Istiod> {
  const paths = await buildIstiod();
  const dir = await Deno.makeTempDir({ prefix: "istiod-bench-" });
  const cluster = await startCluster(paths, { authorization: "AlwaysAllow" });
  try {
    const rootCaDir = `${dir}/cacerts`;
    await copyBundle(caDir, rootCaDir);
    const injectDir = `${dir}/var/lib/istio/inject`;
    if (Object.keys(inject).length > 0) await Deno.mkdir(injectDir, { recursive: true });
    for (const [name, text] of Object.entries(inject)) {
      await Deno.writeTextFile(`${injectDir}/${name}`, text);
    }
    const ports = {
      secure: freePort(),
      http: freePort(),
      https: freePort(),
      grpc: freePort(),
      monitoring: freePort(),
    };
    const at = (port: number) => `127.0.0.1:${port}`;
    const daemon = await startDaemon(paths["pilot-discovery"] ?? "pilot-discovery", {
      args: [
        ...["discovery", "--kubeconfig", cluster.kubeconfig, "--secureGRPCAddr", at(ports.secure)],
        ...[
          "--httpAddr",
          at(ports.http),
          "--httpsAddr",
          at(ports.https),
          "--grpcAddr",
          at(ports.grpc),
        ],
        ...["--monitoringAddr", at(ports.monitoring), "--ctrlz_port", "0"],
      ],
      cwd: dir,
      env: {
        ROOT_CA_DIR: rootCaDir,
        POD_NAMESPACE: "istio-system",
        POD_NAME: "bench",
        PILOT_CERT_PROVIDER: "istiod",
      },
      ready: async () => {
        const response = await fetch(`http://${at(ports.http)}/ready`);
        await response.body?.cancel();
        return String(response.status);
      },
      isReady: (status) => status === "200",
    });
    return {
      addr: at(ports.secure),
      httpsAddr: at(ports.https),
      serverName: "istiod.istio-system.svc",
      pid: daemon.pid,
      async stop() {
        await daemon.stop();
        await cluster[Symbol.asyncDispose]();
        await Deno.remove(dir, { recursive: true });
      },
    };
  } catch (cause) {
    await cluster[Symbol.asyncDispose]();
    throw cause;
  }
}

async function copyBundle(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o700 });
  for (const name of BUNDLE) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  const chain = `${to}/cert-chain.pem`;
  if ((await Deno.readTextFile(chain)).trim() === "") {
    await Deno.copyFile(`${from}/root-cert.pem`, chain);
  }
}
