/** Kubeconfigs: what is read, and what is refused instead of being gone past. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { type KubeAccess, parseKubeconfig } from "signet/kube/mod.ts";

interface Parts {
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
}

function text({ cluster = {}, user = {} }: Parts): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "b",
    contexts: [
      { name: "a", context: { cluster: "other", user: "other" } },
      { name: "b", context: { cluster: "c", user: "u" } },
    ],
    clusters: [{ name: "c", cluster: { server: "https://kube:6443/", ...cluster } }],
    users: [{ name: "u", user }],
  });
}

function parsed(parts: Parts): KubeAccess {
  return parseKubeconfig(text(parts), "/etc/kube/config");
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    assert.ok(isSignetError(thrown, "kube.bad_config"), String(thrown));
    assert.match(thrown.message, /^Cannot use kubeconfig .* \(--kubeconfig\): /);
    return thrown.message;
  }
  assert.fail("It was not refused");
}

Deno.test("parseKubeconfig() reads the current context", () => {
  const { server, ca, client, token } = parsed({ user: { token: "t" } });
  assert.equal(server, "https://kube:6443");
  assert.equal(ca, undefined);
  assert.equal(client, undefined);
  assert.deepEqual(token, { kind: "text", text: "t" });
});

Deno.test("parseKubeconfig() takes data over files, a token file over a token, and paths from its folder", () => {
  const { ca, client, token } = parsed({
    cluster: { "certificate-authority": "ca.pem", "certificate-authority-data": btoa("PEM") },
    user: {
      "client-certificate": "own/cert.pem",
      "client-key": "/etc/key.pem",
      token: "t",
      tokenFile: "token",
    },
  });
  assert.deepEqual(ca, { kind: "text", text: "PEM" });
  assert.deepEqual(client, {
    cert: { kind: "file", path: "/etc/kube/own/cert.pem" },
    key: { kind: "file", path: "/etc/key.pem" },
  });
  assert.deepEqual(token, { kind: "file", path: "/etc/kube/token" });
});

Deno.test("parseKubeconfig() reads YAML, too", () => {
  const yaml = `
current-context: b
contexts: [{name: b, context: {cluster: c}}]
clusters:
- name: c
  cluster:
    server: http://127.0.0.1:8001
`;
  assert.equal(parseKubeconfig(yaml, "x").server, "http://127.0.0.1:8001");
});

Deno.test("parseKubeconfig() refuses what it cannot do as asked", async (t) => {
  const secret = "c2VjcmV0";
  const rows: readonly (readonly [string, Parts, RegExp])[] = [
    ["exec", { user: { exec: { command: secret } } }, /has exec: signet may start no program/],
    ["auth-provider", { user: { "auth-provider": { name: "x" } } }, /no plug-ins for credentials/],
    ["a password", { user: { username: "u", password: secret } }, /take no passwords any more/],
    ["somebody else", { user: { as: "admin" } }, /acts as itself alone/],
    [
      "an unchecked server",
      { cluster: { "insecure-skip-tls-verify": true } },
      /certificate is always checked/,
    ],
    ["another name", { cluster: { "tls-server-name": "x" } }, /for the host of its URL alone/],
    ["a proxy", { cluster: { "proxy-url": "http://p" } }, /no proxy is used/],
    ["plain HTTP", { cluster: { server: "http://kube" } }, /should be an https URL/],
    ["no URL", { cluster: { server: "kube" } }, /should be an https URL/],
    ["a password in the URL", { cluster: { server: `https://u:${secret}@kube` } }, /has a user/],
    ["a query", { cluster: { server: "https://kube/?x=" } }, /a query or a fragment/],
    ["a fragment", { cluster: { server: "https://kube/#" } }, /a query or a fragment/],
    ["half a client", { user: { "client-key": "k" } }, /client-key, or neither/],
    ["bad base64", { user: { "client-key-data": "%" } }, /client-key-data is not base64/],
    ["a number", { user: { token: 5 } }, /token should be a text/],
  ];
  for (const [name, parts, message] of rows) {
    await t.step(name, () => {
      const said = refusal(() => parsed(parts));
      assert.match(said, message);
      assert.ok(!said.includes(secret));
    });
  }
});

Deno.test("parseKubeconfig() refuses texts that are no kubeconfig, without repeating them", async (t) => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    ["empty", "", /should be a mapping/],
    ["a list", "[]", /should be a mapping/],
    ["no YAML", "token: [s3cret", /it is not YAML/],
    ["no context", "{}", /no current-context/],
    ["an unknown context", "current-context: x", /contexts has no context "x"/],
    ["too long", " ".repeat((1 << 20) + 1), /more than 1048576 characters/],
    [
      "an unknown cluster",
      JSON.stringify({ "current-context": "b", contexts: [{ name: "b", context: {} }] }),
      /clusters has no cluster ""/,
    ],
  ];
  for (const [name, kubeconfig, message] of rows) {
    await t.step(name, () => {
      const said = refusal(() => parseKubeconfig(kubeconfig, "x"));
      assert.match(said, message);
      assert.ok(!said.includes("s3cret"));
    });
  }
});
