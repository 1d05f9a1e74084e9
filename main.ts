/**
 * Signet: a workload certificate authority that speaks istiod's protocol.
 *
 * `start` is the map of the program: the order in which a server comes up. Below it, the outside world is made and commands are run.
 */
import { createAuthenticators } from "./lib/authn/mod.ts";
import { systemClock } from "./lib/base/mod.ts";
import { createCa, openSigners } from "./lib/ca/mod.ts";
import {
  createSystem,
  type RunningServer,
  runProgram,
  serving,
  type System,
} from "./lib/commands/mod.ts";
import type { Config } from "./lib/config/mod.ts";
import { distributeRoots } from "./lib/distribution/mod.ts";
import { listenDns, openForwarder } from "./lib/dns/mod.ts";
import { listenGrpc, runCa } from "./lib/grpc/mod.ts";
import { openInjector } from "./lib/inject/mod.ts";
import { openRegistry } from "./lib/registry/mod.ts";
import { loadServerCert } from "./lib/server_cert/mod.ts";
import { listenWebhook } from "./lib/webhook/mod.ts";
import { createXdsServer } from "./lib/xds/mod.ts";

/**
 * Starts a server; disposing what it returns stops it.
 *
 * @throws {SignetError} when any step fails; the steps before it are then undone.
 */
export async function start(config: Config, system: System): Promise<RunningServer> {
  await using opened = new AsyncDisposableStack();
  const { host, http } = opened.use(await system.open(config)); // logs, metrics, crypto, state directory; /ready answers 503
  const ca = config.ca.enabled ? opened.use(await createCa(config.ca, host)) : undefined; // 1. create the CA
  const signers = opened.use(await openSigners(config.signers, host)); // a cluster's, in its place
  const cert = opened.use(await loadServerCert(config.cert, { ...host, ca, signers })); // 2. our own certificate, issued in process
  const grpc = opened.use(await listenGrpc(config.grpc, { ...host, cert })); // 3. secure gRPC
  const { inject, mesh } = config;
  const injector = opened.use(await openInjector(inject && { ...inject, mesh }, host)); // sidecars for pods
  const admission = { ...host, cert, http, injector };
  const webhook = opened.use(await listenWebhook(config.webhook, admission)); // 4. webhook HTTPS
  const registry = opened.use(await openRegistry(config.registry, host)); // services of the mesh
  const { forward } = config.dns;
  const forwarder = forward && opened.use(await openForwarder(forward, host)); // servers for other names
  const dns = opened.use(await listenDns(config.dns, { ...host, cert, registry, forwarder })); // 5. DNS over TLS
  const authn = opened.use(await createAuthenticators(config.authn, host)); // 6. who may ask
  const { list: authenticators, authorizeNode } = authn;
  const xds = opened.use(createXdsServer(config.xds, { ...host, authenticators, registry })); // configuration of proxies
  const { limits } = config;
  opened.use(runCa(ca, { ...host, signers, authenticators, authorizeNode, grpc, xds, limits })); // 7. run the CA service
  opened.use(distributeRoots(config.kube?.distribution, { ...host, ca, signers, cert })); // 8. roots where a cluster's workloads find them
  return serving({ config, host, http, ca, signers, cert, grpc, webhook, dns, xds }, opened.move());
}

if (import.meta.main) {
  Deno.exitCode = await runProgram(Deno.args, {
    start,
    system: createSystem({ clock: systemClock() }),
  });
}
