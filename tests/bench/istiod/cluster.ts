/** A Kubernetes API server on the loopback, with its etcd: real, empty, and open to one static token. */
import { mustRun } from "../../support/openssl_ca.ts";
import { type Daemon, freePort, startDaemon } from "./daemon.ts";

const TOKEN = "bench-token";

/** A running API server. */
export interface Cluster {
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  /** Ends the API server, then etcd. */
  stop(): Promise<void>;
}

/** Starts etcd and kube-apiserver in `dir` and waits until `/readyz` says ok. */
export async function startCluster(
  paths: Readonly<Record<string, string>>,
  dir: string,
): Promise<Cluster> {
  const etcd = await startEtcd(paths["etcd"] ?? "etcd", `${dir}/etcd`);
  try {
    const api = await startApiServer(paths["kube-apiserver"] ?? "kube-apiserver", dir, etcd.url);
    const kubeconfig = `${dir}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, kubeconfigText(api.url));
    return {
      kubeconfig,
      async stop() {
        await api.daemon.stop();
        await etcd.daemon.stop();
      },
    };
  } catch (cause) {
    await etcd.daemon.stop();
    throw cause;
  }
}

interface Started {
  readonly daemon: Daemon;
  readonly url: string;
}

async function startEtcd(path: string, dir: string): Promise<Started> {
  const url = `http://127.0.0.1:${freePort()}`;
  const peerUrl = `http://127.0.0.1:${freePort()}`;
  const daemon = await startDaemon(path, {
    args: [
      ...["--data-dir", dir, "--log-level", "error", "--unsafe-no-fsync"],
      ...["--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
      ...["--initial-cluster", `default=${peerUrl}`],
    ],
    cwd: Deno.cwd(),
    ready: async () => (await fetch(`${url}/health`)).text(),
    isReady: (text) => text.includes('"health":"true"'),
  });
  return { daemon, url };
}

async function startApiServer(path: string, dir: string, etcdUrl: string): Promise<Started> {
  const port = freePort();
  const url = `https://127.0.0.1:${port}`;
  const keys = { private: `${dir}/sa.key`, public: `${dir}/sa.pub` };
  await mustRun("openssl", ["genrsa", "-out", keys.private, "2048"]);
  await mustRun("openssl", ["rsa", "-in", keys.private, "-pubout", "-out", keys.public]);
  await Deno.writeTextFile(`${dir}/tokens.csv`, `${TOKEN},bench,bench,system:masters\n`);
  const daemon = await startDaemon(path, {
    args: [
      ...["--etcd-servers", etcdUrl, "--bind-address", "127.0.0.1", "--secure-port", String(port)],
      ...["--endpoint-reconciler-type", "none", "--cert-dir", `${dir}/api-certs`],
      ...["--token-auth-file", `${dir}/tokens.csv`, "--authorization-mode", "AlwaysAllow"],
      ...["--service-account-issuer", "https://kubernetes.default.svc"],
      ...[
        "--service-account-key-file",
        keys.public,
        "--service-account-signing-key-file",
        keys.private,
      ],
      ...["--service-cluster-ip-range", "10.0.0.0/24"],
    ],
    cwd: dir,
    ready: () => fetchReadyz(url, `${dir}/api-certs/apiserver.crt`),
    isReady: (text) => text === "ok",
  });
  return { daemon, url };
}

/** The API server signs its own certificate at start; the file holds the chain to trust. */
async function fetchReadyz(url: string, certificate: string): Promise<string> {
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(certificate)] });
  const response = await fetch(`${url}/readyz`, {
    client,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return await response.text();
}

function kubeconfigText(server: string): string {
  const named = (name: string, rest: object) => ({ name, ...rest });
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [named("bench", { cluster: { server, "insecure-skip-tls-verify": true } })],
    users: [named("bench", { user: { token: TOKEN } })],
    contexts: [named("bench", { context: { cluster: "bench", user: "bench" } })],
    "current-context": "bench",
  });
}
