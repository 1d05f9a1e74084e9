/** How soon roots are where a cluster's workloads find them: an edit repaired, a new root everywhere, a namespace after an outage. */
import { replaceCa, rootInSecret } from "../../support/cluster_ca.ts";
import { type KubeDocument, startCluster, type TestCluster } from "../../support/kubernetes.ts";
import { buildIstiod } from "../istiod/build.ts";
import { median } from "../measure.ts";
import { startSignet } from "../../support/server.ts";

const CONFIG_MAP = "istio-ca-root-cert";
const POLL_MS = 10;
const GIVE_UP_MS = 120_000;
const AT_ONCE = 20;

/** Seconds. */
export interface DistributionFigures {
  readonly repairSeconds: number;
  readonly rootSeconds: number;
  readonly afterOutageSeconds: number;
}

/** Measures all three on one cluster. */
export async function measureDistribution(
  executable: string,
  { namespaces, repairs, outageMs }: {
    readonly namespaces: number;
    readonly repairs: number;
    readonly outageMs: number;
  },
): Promise<DistributionFigures> {
  await using cluster = await startCluster(await buildIstiod());
  await cluster.createNamespace("istio-system");
  const args = ["--kubeconfig", cluster.kubeconfig];
  await using _server = await startSignet({ executable, args });
  const pem = await rootInSecret(cluster);
  await untilRoot(cluster, "default", pem);
  const took: number[] = [];
  for (let n = 0; n < repairs; n++) {
    await cluster.api("PATCH", configMap("default"), { data: { "root-cert.pem": `edit ${n}` } });
    took.push(await secondsOf(() => untilRoot(cluster, "default", pem)));
  }
  await makeNamespaces(cluster, namespaces);
  await untilEverywhere(cluster, namespaces, pem);
  const next = await replaceCa(cluster);
  const rootSeconds = await secondsOf(() => untilEverywhere(cluster, namespaces, next));
  await cluster.stopApi();
  await new Promise((resolve) => setTimeout(resolve, outageMs));
  await cluster.startApi();
  const afterOutageSeconds = await secondsOf(async () => {
    await cluster.createNamespace("after-outage");
    await untilRoot(cluster, "after-outage", next);
  });
  return { repairSeconds: median(took), rootSeconds, afterOutageSeconds };
}

const configMap = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/${CONFIG_MAP}`;

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const gaveUpAt = performance.now() + GIVE_UP_MS;
  while (!await look()) {
    if (performance.now() > gaveUpAt) {
      throw new TypeError(`Cannot measure: waited in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function untilRoot(cluster: TestCluster, namespace: string, pem: string): Promise<void> {
  return until(`the root in ${namespace}`, async () => {
    try {
      return (await cluster.api("GET", configMap(namespace))).data["root-cert.pem"] === pem;
    } catch {
      // It is not there yet.
      return false;
    }
  });
}

async function makeNamespaces(cluster: TestCluster, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `bench-${at}`);
  while (names.length > 0) {
    await Promise.all(names.splice(0, AT_ONCE).map((name) => cluster.createNamespace(name)));
  }
}

/** As long as the list is not looked at too often: it is some megabytes. */
function untilEverywhere(cluster: TestCluster, count: number, pem: string): Promise<void> {
  const path = `/api/v1/configmaps?fieldSelector=metadata.name%3D${CONFIG_MAP}`;
  return until("the root in every namespace", async () => {
    const { items } = await cluster.api("GET", path);
    const having = (items as readonly KubeDocument[]).filter(({ metadata, data }) =>
      metadata.namespace.startsWith("bench-") && data["root-cert.pem"] === pem
    );
    if (having.length === count) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return false;
  });
}
