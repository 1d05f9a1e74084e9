/** The leader renews the root in the Secret again and again, and is killed in the middle of it: no root is lost, and never do two write. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";

import { startCluster, type TestCluster } from "../../support/kubernetes.ts";
import { longTestWithPeers, rounds } from "../../support/peers.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { metric, until, untilLogged } from "../../support/until.ts";

const PEERS = ["etcd", "kube-apiserver", "openssl"] as const;
const SECRET = "/api/v1/namespaces/istio-system/secrets/istio-ca-secret";
const CONFIG_MAP = "/api/v1/namespaces/default/configmaps/istio-ca-root-cert";
/** Every check finds the root due. */
const ALWAYS = {
  CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL: "500ms",
  CITADEL_SELF_SIGNED_ROOT_CERT_GRACE_PERIOD_PERCENTILE: "100",
  CITADEL_ENABLE_JITTER_FOR_ROOT_CERT_ROTATOR: "false",
};
const LEADS_REGEXP = /^(\S+)\s.*(Leads from now on|Does not lead any more)/gm;
const RENEWED_REGEXP = /^(\S+)\s.*Renewed the root with its key/gm;

interface Secret {
  readonly certificate: X509Certificate;
  readonly key: string;
  readonly roots: string;
}

async function secretOf(cluster: TestCluster): Promise<Secret> {
  const { data } = await cluster.api("GET", SECRET);
  return {
    certificate: new X509Certificate(atob(data["ca-cert.pem"])),
    key: atob(data["ca-key.pem"]),
    roots: atob(data["root-cert.pem"]),
  };
}

async function rootOf(server: SignetServer): Promise<string> {
  const found = await (await fetch(`http://${server.addr("http")}/debug/ca`)).json();
  return found.roots[0].sha256;
}

async function leaderOf(servers: readonly SignetServer[]): Promise<SignetServer> {
  // A Lease whose holder was killed is good for half a minute.
  for (let tries = 0;; tries++) {
    try {
      return await until("one leads", async () => {
        const flags = await Promise.all(servers.map((server) => metric(server, "signet_leads")));
        assert.ok(flags.filter((flag) => flag === 1).length <= 1, "two lead");
        const at = flags.indexOf(1);
        return at < 0 ? undefined : servers[at];
      });
    } catch (thrown) {
      if (tries === 2) throw thrown;
    }
  }
}

/** A time in which a replica said that it leads. */
interface Term {
  readonly by: string;
  readonly from: string;
  readonly to: string;
}

/** The terms of a replica, by its log; the last one lasts until `endedAt`. */
function termsOf({ name, server, endedAt }: Replica): Term[] {
  const said = [...server.stdout().matchAll(LEADS_REGEXP)].map(([, at, what]) => ({
    at: at!,
    begins: what!.startsWith("Leads"),
  }));
  return said.flatMap(({ at, begins }, index) =>
    begins ? [{ by: name, from: at, to: said[index + 1]?.at ?? endedAt ?? "9" }] : []
  );
}

interface Replica {
  readonly name: string;
  readonly server: SignetServer;
  endedAt?: string;
}

/** Every renewal that was logged falls into a term of its writer, and no two terms overlap. A killed one may have written without a word. */
function assertOneWriter(replicas: readonly Replica[]): void {
  const terms = replicas.flatMap(termsOf).sort((a, b) => a.from < b.from ? -1 : 1);
  for (const [at, term] of terms.entries()) {
    const next = terms[at + 1];
    assert.ok(next === undefined || term.to <= next.from, JSON.stringify([term, next]));
  }
  for (const { name, server } of replicas) {
    for (const [, at] of server.stdout().matchAll(RENEWED_REGEXP)) {
      const own = terms.some(({ by, from, to }) => by === name && from <= at! && at! <= to);
      assert.ok(own, `${name} renewed at ${at} without leading: ${JSON.stringify(terms)}`);
    }
  }
}

longTestWithPeers("a leader that is killed in the middle of renewals", PEERS, async (_t, peers) => {
  await using cluster = await startCluster(peers);
  await cluster.createNamespace("istio-system");
  await using opened = new AsyncDisposableStack();
  const all: Replica[] = [];
  const add = async () => {
    const name = `replica-${all.length}`;
    const args = ["--kubeconfig", cluster.kubeconfig];
    const server = opened.use(await startSignet({ args, env: { ...ALWAYS, POD_NAME: name } }));
    all.push({ name, server });
    return server;
  };
  let alive = [await add(), await add(), await add()];
  const first = await secretOf(cluster);
  const count = rounds("leaders killed in the middle of renewals", 1, 20);
  for (let round = 0; round < count; round++) {
    const leader = await leaderOf(alive);
    const before = (await secretOf(cluster)).certificate.fingerprint256;
    await until(
      "the root is renewed",
      async () => (await secretOf(cluster)).certificate.fingerprint256 !== before || undefined,
    );
    await leader.kill();
    all.find(({ server }) => server === leader)!.endedAt = new Date().toISOString();
    alive = alive.filter((server) => server !== leader);
    const left = await secretOf(cluster);
    assert.equal(left.key, first.key);
    assert.ok(left.certificate.verify(first.certificate.publicKey), "another key signed the root");
    for (const server of alive) {
      const fingerprint = left.certificate.fingerprint256.replaceAll(":", "").toLowerCase();
      await until(
        "it has the last root",
        async () => await rootOf(server) === fingerprint || undefined,
      );
    }
    alive.push(await add());
  }
  const last = await leaderOf(alive);
  await untilLogged(last, /Renewed the root with its key/);
  await until("the ConfigMap has the root of the Secret", async () => {
    const { data } = await cluster.api("GET", CONFIG_MAP);
    return data["root-cert.pem"] === (await secretOf(cluster)).roots || undefined;
  });
  assertOneWriter(all);
});
