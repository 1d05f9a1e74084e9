/** Certificates in another's name: each of istiod's checks, and those that it lacks. */
import assert from "node:assert/strict";
import { type Caller, createNodeAuthorizer, type NodeVerdict } from "signet/authn/mod.ts";
import type { PodFacts } from "signet/kube/mod.ts";

const WANTED = "spiffe://cluster.local/ns/shop/sa/web";
const PODS: Readonly<Record<string, PodFacts>> = {
  "istio-system/ztunnel-1": { uid: "u1", serviceAccount: "ztunnel", node: "n1" },
  "shop/web-1": { uid: "u2", serviceAccount: "web", node: "n1" },
  "shop/far-1": { uid: "u3", serviceAccount: "far", node: "n2" },
  "a/odd": { uid: "u4", serviceAccount: "b,c", node: "n1" },
};
const ACCOUNT = {
  ...{ clusterId: "one", namespace: "istio-system", name: "ztunnel" },
  ...{ podName: "ztunnel-1", podUid: "u1" },
};

function ask(
  requested: string,
  options: {
    readonly account?: Partial<typeof ACCOUNT> | undefined;
    readonly isAccount?: boolean;
    readonly clusterIds?: readonly string[];
    readonly trusted?: readonly string[];
  } = {},
): NodeVerdict {
  const { isAccount = true, clusterIds = ["one"], trusted = ["istio-system/ztunnel"] } = options;
  const authorize = createNodeAuthorizer({
    trustedAccounts: new Set(trusted),
    trustDomain: () => "cluster.local",
    podsOf: (id) =>
      id === "one"
        ? {
          find: (namespace, name) => PODS[`${namespace}/${name}`],
          runs: ({ node, namespace, serviceAccount }) =>
            Object.entries(PODS).some(([key, pod]) =>
              key.startsWith(`${namespace}/`) && pod.node === node &&
              pod.serviceAccount === serviceAccount
            ),
        }
        : undefined,
  });
  const account = { ...ACCOUNT, ...options.account };
  const caller: Caller = {
    ...{ authSource: 1, identities: ["spiffe://cluster.local/ns/istio-system/sa/ztunnel"] },
    ...(isAccount ? { account } : {}),
  };
  const headerValues = (name: string) => name === "clusterid" ? clusterIds : [];
  return authorize(caller, requested, { headerValues });
}

Deno.test("a trusted account of a pod on the node is given the identity of another pod there", () => {
  assert.deepEqual(ask(WANTED), { ok: true, identity: WANTED });
});

Deno.test("everything else is refused, with why for the log", async (t) => {
  const rows: readonly (readonly [string, NodeVerdict, RegExp])[] = [
    ["nobody is trusted", ask(WANTED, { trusted: [] }), /it is not enabled/],
    ["no service account", ask(WANTED, { isAccount: false }), /no service account/],
    ["another account", ask(WANTED, { account: { name: "web" } }), /web\) is not allowed/],
    ["no clusterid", ask(WANTED, { clusterIds: [] }), /does not name the cluster/],
    ["an alias", ask(WANTED, { clusterIds: ["uno"] }), /does not name the cluster/],
    ["two of them", ask(WANTED, { clusterIds: ["one", "one"] }), /does not name the cluster/],
    [
      "a cluster without pods",
      ask(WANTED, { account: { clusterId: "two" }, clusterIds: ["two"] }),
      /pods of cluster "two" are not known/,
    ],
    ["no SPIFFE ID", ask("web"), /no workload of the mesh/],
    ["another trust domain", ask("spiffe://evil/ns/shop/sa/web"), /no workload of the mesh/],
    ["a second name behind a comma", ask("spiffe://evil,x/ns/shop/sa/web"), /no workload of/],
    ["a longer path", ask(`${WANTED}/x`), /no workload of the mesh/],
    ["a token of no pod", ask(WANTED, { account: { podName: "" } }), /pod istio-system\/ is not f/],
    ["a pod that is gone", ask(WANTED, { account: { podName: "old" } }), /old is not found/],
    ["another pod of that name", ask(WANTED, { account: { podUid: "u0" } }), /UID does not match/],
    [
      "a pod of another account",
      ask(WANTED, {
        account: { podName: "web-1", podUid: "u2", namespace: "shop", name: "ztunnel" },
        trusted: ["shop/ztunnel"],
      }),
      /ServiceAccount does not match/,
    ],
    ["a pod on another node", ask("spiffe://cluster.local/ns/shop/sa/far"), /on node "n1"/],
    ["a pod that is nowhere", ask("spiffe://cluster.local/ns/shop/sa/none"), /on node "n1"/],
    ["an account of an impossible name", ask("spiffe://cluster.local/ns/a/sa/b,c"), /SPIFFE/],
  ];
  for (const [name, verdict, words] of rows) {
    await t.step(name, () => {
      assert.equal(verdict.ok, false);
      if (!verdict.ok) assert.match(verdict.reason, words);
    });
  }
});
