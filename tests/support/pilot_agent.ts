/** Istio's own agent as a process, without an Envoy. */
import assert from "node:assert/strict";

import { freePort } from "./ports.ts";
import { gather } from "./process.ts";
import type { SignetServer } from "./server.ts";

/** Certificates live this long, so the agent renews after half of it. */
const SECRET_TTL = "10s";
const GENERATED_REGEXP = /generated new workload certificate/g;
/** Longer than any machine needs for three certificates of ten seconds. */
const GIVE_UP_MS = 120_000;

/** Runs the agent for service account `vm` of namespace `shop` in `cwd` until it has made `count` certificates, and gives what it printed. */
export async function runAgent(
  path: string,
  { cwd, ca, count, env }: {
    readonly cwd: string;
    readonly ca: string;
    readonly count: number;
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const [status, admin] = [freePort(), freePort()];
  const child = new Deno.Command(path, {
    args: ["proxy", "sidecar"],
    cwd,
    clearEnv: true,
    env: {
      ...{ HOME: cwd, PATH: "/usr/bin:/bin", DISABLE_ENVOY: "true", SECRET_TTL },
      ...{ CA_ADDR: ca, CA_ROOT_CA: "./root.pem", XDS_ROOT_CA: "./root.pem" },
      ...{ TRUST_DOMAIN: "cluster.local", POD_NAMESPACE: "shop", POD_NAME: "vm" },
      ...{ SERVICE_ACCOUNT: "vm", INSTANCE_IP: "127.0.0.1", PILOT_CERT_PROVIDER: "custom" },
      PROXY_CONFIG: JSON.stringify({
        discoveryAddress: ca,
        statusPort: status,
        proxyAdminPort: admin,
      }),
      ...env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err] = [gather(child.stdout), gather(child.stderr)];
  let ended = false;
  const exited = child.status.then(() => void (ended = true));
  const printed = () => out.text() + err.text();
  const made = () => [...printed().matchAll(GENERATED_REGEXP)].length;
  const until = performance.now() + GIVE_UP_MS;
  while (made() < count && !ended && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!ended) child.kill("SIGKILL");
  await Promise.all([exited, out.done, err.done]);
  assert.ok(
    made() >= count,
    `it made ${made()} certificates of ${count}:\n${printed().slice(-4000)}`,
  );
  return printed();
}

/** Has the agent get a certificate as in a pod: the kubelet has put the token and the mesh's roots into files. */
export async function runAgentWithToken(
  path: string,
  server: SignetServer,
  { token, roots, env = {} }: {
    readonly token: string;
    readonly roots: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const cwd = await Deno.makeTempDir({ prefix: "signet-agent-" });
  try {
    await Deno.mkdir(`${cwd}/var/run/secrets/tokens`, { recursive: true });
    await Deno.mkdir(`${cwd}/out`);
    await Deno.writeTextFile(`${cwd}/var/run/secrets/tokens/istio-token`, token);
    await Deno.copyFile(roots, `${cwd}/root.pem`);
    const ca = server.addr("secureGrpc").replace("127.0.0.1", "localhost");
    await runAgent(path, { cwd, ca, count: 1, env: { OUTPUT_CERTS: "./out", ...env } });
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}
