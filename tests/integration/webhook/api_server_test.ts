/** A real API server asks signet's webhooks, with its own client and timeouts, and signet keeps its configurations as the manifests' service account may. */
import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";

import { replaceCa, rootInSecret } from "../../support/cluster_ca.ts";
import { istioCrds } from "../../support/istio_validation.ts";
import {
  type KubeDocument,
  startCluster,
  type TestCluster,
  writeKubeconfig,
} from "../../support/kubernetes.ts";
import { applyManifests } from "../../support/manifests.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { until, untilLogged } from "../../support/until.ts";

const PEERS = ["etcd", "kube-apiserver", "openssl", "istiovalidate"] as const;
const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1";
const VALIDATOR = `${CONFIGURATIONS}/validatingwebhookconfigurations/istio-validator-istio-system`;
const INJECTOR = `${CONFIGURATIONS}/mutatingwebhookconfigurations/istio-sidecar-injector`;
const VIRTUAL_SERVICES = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices";

/** Istio's own definitions of the kinds that the test writes. */
async function applyCrds(cluster: TestCluster, kinds: readonly string[]): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const all = parseAllDocuments(await Deno.readTextFile(istioCrds()))
    .map((document) => document.toJS() as KubeDocument);
  const wanted = all.filter((crd) => kinds.includes(crd?.spec?.names?.kind));
  assert.equal(wanted.length, kinds.length);
  await Promise.all(wanted.map((crd) => cluster.api("POST", path, crd)));
  for (const { metadata } of wanted) {
    await until(`${metadata.name} is served`, async () => {
      const { status } = await cluster.api("GET", `${path}/${metadata.name}`);
      const isServed = (status?.conditions ?? []).some((one: KubeDocument) =>
        one.type === "Established" && one.status === "True"
      );
      return isServed || undefined;
    });
  }
}

/** Lets the API server ask a server on this machine, as it has no network in which Services have addresses. */
async function pointTo(cluster: TestCluster, server: SignetServer, path: string): Promise<void> {
  const configuration = await cluster.api("GET", path);
  const url = `https://localhost:${server.ports.https}`;
  for (const entry of configuration.webhooks) {
    const { service, url: given, ...rest } = entry.clientConfig;
    entry.clientConfig = { ...rest, url: url + (service?.path ?? new URL(given).pathname) };
  }
  await cluster.api("PUT", path, configuration);
}

const entriesOf = async (cluster: TestCluster, path: string): Promise<readonly KubeDocument[]> =>
  (await cluster.api("GET", path)).webhooks;

/** The roots in a configuration, when all of its entries have the same. */
async function bundleIn(cluster: TestCluster, path: string): Promise<string | undefined> {
  const bundles = (await entriesOf(cluster, path)).map(({ clientConfig }) => clientConfig.caBundle);
  const [first] = bundles;
  if (first === undefined || bundles.some((bundle) => bundle !== first)) return undefined;
  return atob(first);
}

async function untilRootsAre(cluster: TestCluster, path: string, pem: string): Promise<void> {
  await until(`the bundle of ${path} is the root`, async () => {
    const bundle = await bundleIn(cluster, path);
    return bundle?.trim() === pem.trim() || undefined;
  });
}

const host = (name: string) => `${name}.example`;

function virtualService(name: string, http: unknown): KubeDocument {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace: "shop", labels: { "istio.io/rev": "default" } },
    spec: { hosts: [host(name)], http },
  };
}

const good = (name: string) =>
  virtualService(name, [{ route: [{ destination: { host: host(name) } }] }]);
/** The API server's schema takes it. */
const bad = (name: string) => virtualService(name, []);

const POD = {
  metadata: { generateName: "web-", labels: { app: "web" } },
  spec: {
    automountServiceAccountToken: false,
    containers: [{
      name: "web",
      image: "web",
      readinessProbe: { httpGet: { path: "/r", port: 80 } },
    }],
  },
};

testWithPeers(
  "an API server asks signet before it stores documents of Istio, and its configurations follow signet's roots",
  PEERS,
  async (t, peers) => {
    await using cluster = await startCluster(peers);
    await cluster.createNamespace("shop");
    await applyManifests(cluster);
    await applyCrds(cluster, ["Gateway", "VirtualService"]);
    await cluster.createServiceAccount("shop", "default");
    const kubeconfig = await writeKubeconfig(`${cluster.dir}/signet.kubeconfig`, {
      cluster: { server: cluster.url, "certificate-authority": cluster.caFile },
      user: { token: await cluster.token("istio-system", "signet", { audiences: [] }) },
    });
    const args = ["--kubeconfig", kubeconfig];
    await t.step("signet check finds that it may do all of that", async () => {
      const checked = await runSignet(["check", ...args, "--httpsAddr=127.0.0.1:0"], {
        cwd: cluster.dir,
      });
      assert.doesNotMatch(checked.stdout, /signet may not/);
    });
    await using server = await startSignet({ args });
    const first = await rootInSecret(cluster);
    await t.step("as long as nobody is heard, validation fails open, with the roots", async () => {
      await untilRootsAre(cluster, VALIDATOR, first);
      await untilRootsAre(cluster, INJECTOR, first);
      await untilLogged(server, /a refusal of this webhook is not proven/);
      const [entry] = await entriesOf(cluster, VALIDATOR);
      assert.equal(entry.failurePolicy, "Ignore");
    });
    await t.step("once a refusal is proven it fails closed", async () => {
      await pointTo(cluster, server, VALIDATOR);
      await until("it fails closed", async () => {
        const [entry] = await entriesOf(cluster, VALIDATOR);
        return entry.failurePolicy === "Fail" || undefined;
      }, { giveUpMs: 90_000 });
      assert.equal((await bundleIn(cluster, VALIDATOR))?.trim(), first.trim());
      const left = await cluster.api(
        "GET",
        "/apis/networking.istio.io/v1/namespaces/istio-system/gateways",
      );
      assert.deepEqual(left.items, [], "the trial left nothing");
    });
    await t.step(
      "a bad VirtualService is refused with istiod's message, a good one stored",
      async () => {
        await assert.rejects(
          cluster.api("POST", VIRTUAL_SERVICES, bad("one")),
          /admission webhook \\?"validation.istio.io\\?" denied the request: configuration is invalid: http, tcp or tls must be provided in virtual service/,
        );
        await cluster.api("POST", VIRTUAL_SERVICES, good("one"));
        const stored = await cluster.api("GET", `${VIRTUAL_SERVICES}/one`);
        await assert.rejects(
          cluster.api("PUT", `${VIRTUAL_SERVICES}/one`, { ...stored, spec: bad("one").spec }),
          /configuration is invalid/,
        );
        await cluster.api("DELETE", `${VIRTUAL_SERVICES}/one`);
      },
    );
    await t.step("a pod of a labelled namespace comes back with its sidecar", async () => {
      await pointTo(cluster, server, INJECTOR);
      const create = () => cluster.api("POST", "/api/v1/namespaces/shop/pods", POD);
      const names = ({ spec }: KubeDocument): readonly string[] =>
        [...spec.initContainers ?? [], ...spec.containers].map(({ name }) => name);
      assert.deepEqual(names(await create()), ["web"]);
      await cluster.api("PATCH", "/api/v1/namespaces/shop", {
        metadata: { labels: { "istio-injection": "enabled" } },
      });
      const injected = await until("pods are injected", async () => {
        const pod = await create();
        return names(pod).includes("istio-proxy") ? pod : undefined;
      });
      const { annotations } = injected.metadata;
      assert.match(annotations["sidecar.istio.io/status"], /"containers":|"initContainers":/);
      const web = injected.spec.containers.find(({ name }: KubeDocument) => name === "web");
      assert.equal(web.readinessProbe.httpGet.path, "/app-health/web/readyz");
      const labels = { ...POD.metadata.labels, "sidecar.istio.io/inject": "false" };
      const left = await cluster.api("POST", "/api/v1/namespaces/shop/pods", {
        ...POD,
        metadata: { ...POD.metadata, labels },
      });
      assert.deepEqual(names(left), ["web"]);
    });
    await t.step("what somebody edits is mended", async () => {
      for (const path of [VALIDATOR, INJECTOR]) {
        const configuration = await cluster.api("GET", path);
        configuration.webhooks[0].failurePolicy = "Ignore";
        // An API server takes no junk for a bundle: the roots of its own clients, then.
        const other = await Deno.readTextFile(cluster.clientCa.cert);
        for (const entry of configuration.webhooks) entry.clientConfig.caBundle = btoa(other);
        await cluster.api("PUT", path, configuration);
        await untilRootsAre(cluster, path, first);
      }
      const [validator] = await entriesOf(cluster, VALIDATOR);
      assert.equal(validator.failurePolicy, "Fail");
      const [injector] = await entriesOf(cluster, INJECTOR);
      assert.equal(injector.failurePolicy, "Ignore", "of those that inject it is left alone");
    });
    await t.step("another CA takes over under load, and no review fails", async () => {
      await using second = await startSignet({ args });
      let isOver = false;
      let asked = 0;
      const load = Array.from({ length: 3 }, async (_, at) => {
        for (let n = 0; !isOver; n++) {
          const name = `load-${at}-${n}`;
          const path = `${VIRTUAL_SERVICES}?dryRun=All`;
          if (n % 2 === 0) await cluster.api("POST", path, good(name));
          else await assert.rejects(cluster.api("POST", path, bad(name)), /denied the request/);
          asked++;
        }
      });
      const from = asked;
      await until("reviews are under way", () => Promise.resolve(asked > from + 5 || undefined));
      const next = await replaceCa(cluster);
      for (const each of [server, second]) {
        await until(
          "the new root's certificate is shown",
          async () => await isShownBy(each, next) || undefined,
        );
      }
      const then = asked;
      await until("reviews went on", () => Promise.resolve(asked > then + 10 || undefined));
      isOver = true;
      await Promise.all(load);
      for (const path of [VALIDATOR, INJECTOR]) {
        const bundle = await until("the bundle has the new root", async () => {
          const found = await bundleIn(cluster, path);
          return found?.includes(next.trim()) ? found : undefined;
        });
        assert.ok(bundle.includes(first.trim()), "and that before, for a while");
      }
    });
    await t.step("what was done is counted", async () => {
      const text = await (await fetch(`http://${server.addr("http")}/metrics`)).text();
      assert.match(text, /^webhook_patch_attempts_total\{name="istio-sidecar-injector"\} [1-9]/m);
      assert.match(text, /^galley_validation_config_updates [1-9]/m);
      assert.match(
        text,
        /^galley_validation_failed\{group="networking.istio.io",version="v1",resource="virtualservices",reason="invalid_resource"\} [1-9]/m,
      );
    });
  },
);

/** Whether a server's webhook port shows a certificate of that root. */
async function isShownBy(server: SignetServer, root: string): Promise<boolean> {
  using client = Deno.createHttpClient({ caCerts: [root] });
  try {
    const response = await fetch(`https://localhost:${server.ports.https}/ready`, { client });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
