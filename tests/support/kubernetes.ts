/**
 * A Kubernetes API server on the loopback, with its etcd: real, empty, and open to one static token.
 *
 * One serves all tests of a file: it takes some seconds to start. Nothing runs beside it: no controllers, no nodes.
 */
import { type Daemon, startDaemon } from "./daemon.ts";
import { mustRun, selfSignedCa } from "./openssl_ca.ts";
import { freePort } from "./ports.ts";

const TOKEN = "admin-token";
/** `iss` of projected tokens. */
export const SERVICE_ACCOUNT_ISSUER = "https://kubernetes.default.svc";

/** A token to ask for. */
export interface TokenWanted {
  /** Default: `istio-ca`. */
  readonly audiences?: readonly string[];
  /** Ten minutes is the least that the API server takes. Default: an hour. */
  readonly expirationSeconds?: number;
  /** The pod that it is bound to. */
  readonly pod?: { readonly name: string; readonly uid: string };
}

/** A running API server; disposing it ends both programs and removes their files. */
export interface TestCluster extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** The certificate that its own chains to, PEM. */
  readonly caFile: string;
  /** Folder of files that live as long as the cluster. */
  readonly dir: string;
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  /** The CA that client certificates are checked with. */
  readonly clientCa: { readonly cert: string; readonly key: string };
  /** Calls the API as a user who may do everything; a status of 400 and more is an error with what was said. */
  api(method: string, path: string, body?: unknown): Promise<KubeDocument>;
  /** Makes a namespace. */
  createNamespace(name: string): Promise<void>;
  /** Makes a service account. */
  createServiceAccount(namespace: string, name: string): Promise<void>;
  /** Asks for a projected token (TokenRequest API). */
  token(namespace: string, serviceAccount: string, wanted?: TokenWanted): Promise<string>;
  /** Ends the API server alone; etcd keeps what it knows. */
  stopApi(): Promise<void>;
  /** Starts it again, on the same port. */
  startApi(): Promise<void>;
  /** Lets etcd forget every version but the last. */
  compact(): Promise<void>;
}

/** A document as it came; tests look into it as they please. */
// deno-lint-ignore no-explicit-any -- the tests' own assertions say what is in it
export type KubeDocument = any;

/** Writes a kubeconfig and returns its path. */
export async function writeKubeconfig(
  path: string,
  { cluster, user }: { readonly cluster: object; readonly user: object },
): Promise<string> {
  const named = (rest: object) => [{ name: "test", ...rest }];
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: named({ cluster }),
      users: named({ user }),
      contexts: named({ context: { cluster: "test", user: "test" } }),
      "current-context": "test",
    }),
  );
  return path;
}

/** Starts etcd and kube-apiserver and waits until `/readyz` says ok. */
export async function startCluster(
  paths: Readonly<Record<string, string>>,
  options: { readonly authorization?: "AlwaysAllow" | "RBAC" } = {},
): Promise<TestCluster> {
  const dir = await Deno.makeTempDir({ prefix: "signet-cluster-" });
  await using started = new AsyncDisposableStack();
  started.defer(() => Deno.remove(dir, { recursive: true }));
  const etcd = await startEtcd(paths["etcd"] ?? "etcd", `${dir}/etcd`);
  started.defer(() => etcd.daemon.stop());
  const server = await prepareApiServer(paths["kube-apiserver"] ?? "kube-apiserver", {
    dir,
    etcdUrl: etcd.url,
    authorization: options.authorization ?? "RBAC",
  });
  started.defer(() => server.stop());
  await server.start();
  const kubeconfig = await writeKubeconfig(`${dir}/kubeconfig`, {
    cluster: { server: server.url, "certificate-authority": server.caFile },
    user: { token: TOKEN },
  });
  const kept = started.move();
  const { url, caFile, clientCa } = server;
  const api = (method: string, path: string, body?: unknown) => call(server, method, path, body);
  return {
    ...{ url, caFile, clientCa, dir, kubeconfig, api },
    createNamespace: async (name) => void await api("POST", "/api/v1/namespaces", named(name)),
    createServiceAccount: async (namespace, name) =>
      void await api("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, named(name)),
    token: (namespace, name, wanted) => requestToken(api, { namespace, name }, wanted),
    stopApi: () => server.stop(),
    startApi: () => server.start(),
    compact: () => compact(etcd.url),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

function named(name: string): object {
  return { metadata: { name } };
}

async function requestToken(
  api: TestCluster["api"],
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { audiences = ["istio-ca"], expirationSeconds = 3600, pod }: TokenWanted = {},
): Promise<string> {
  const bound = pod && { boundObjectRef: { apiVersion: "v1", kind: "Pod", ...pod } };
  const { status } = await api(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { spec: { audiences, expirationSeconds, ...bound } },
  );
  return status.token;
}

interface Etcd {
  readonly daemon: Daemon;
  readonly url: string;
}

async function startEtcd(path: string, dir: string): Promise<Etcd> {
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

/** By etcd's gateway from JSON to gRPC. */
async function compact(url: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
    return await response.json() as KubeDocument;
  };
  const { header } = await post("/v3/kv/range", { key: btoa("none") });
  await post("/v3/kv/compaction", { revision: header.revision, physical: true });
}

interface ApiServer {
  readonly url: string;
  readonly caFile: string;
  readonly clientCa: TestCluster["clientCa"];
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface ApiServerPlace {
  readonly dir: string;
  readonly etcdUrl: string;
  readonly authorization: string;
}

async function prepareApiServer(
  path: string,
  { dir, etcdUrl, authorization }: ApiServerPlace,
): Promise<ApiServer> {
  const port = freePort();
  const url = `https://127.0.0.1:${port}`;
  const keys = { private: `${dir}/sa.key`, public: `${dir}/sa.pub` };
  await mustRun("openssl", ["genrsa", "-out", keys.private, "2048"]);
  await mustRun("openssl", ["rsa", "-in", keys.private, "-pubout", "-out", keys.public]);
  await Deno.writeTextFile(`${dir}/tokens.csv`, `${TOKEN},admin,admin,system:masters\n`);
  const clientCa = await selfSignedCa("openssl", `${dir}/client-ca`, "/CN=clients");
  // The API server signs its own certificate at its first start; the file holds the chain to trust.
  const caFile = `${dir}/api-certs/apiserver.crt`;
  const args = [
    ...["--etcd-servers", etcdUrl, "--bind-address", "127.0.0.1", "--secure-port", String(port)],
    ...["--endpoint-reconciler-type", "none", "--cert-dir", `${dir}/api-certs`],
    ...["--token-auth-file", `${dir}/tokens.csv`, "--client-ca-file", clientCa.cert],
    ...["--authorization-mode", authorization, "--service-cluster-ip-range", "10.0.0.0/24"],
    ...["--service-account-issuer", SERVICE_ACCOUNT_ISSUER],
    ...["--service-account-key-file", keys.public],
    ...["--service-account-signing-key-file", keys.private],
  ];
  let daemon: Daemon | undefined;
  return {
    ...{ url, caFile, clientCa },
    async start() {
      daemon = await startDaemon(path, {
        ...{ args, cwd: dir },
        ready: async () => {
          using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(caFile)] });
          const headers = { authorization: `Bearer ${TOKEN}` };
          return await (await fetch(`${url}/readyz`, { client, headers })).text();
        },
        isReady: (text) => text === "ok",
      });
    },
    async stop() {
      await daemon?.stop();
      daemon = undefined;
    },
  };
}

async function call(
  { url, caFile }: ApiServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<KubeDocument> {
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(caFile)] });
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const response = await fetch(url + path, {
    client,
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status < 400) return JSON.parse(text);
  throw new TypeError(`Cannot ${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
}
