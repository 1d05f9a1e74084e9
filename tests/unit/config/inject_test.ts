import assert from "node:assert/strict";
import { type Config, DEFAULT_MESH_CONFIG, readDiscovery } from "signet/config/mod.ts";

function injectOf(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Config["inject"] {
  return readDiscovery([...args], env).complete(DEFAULT_MESH_CONFIG).inject;
}

const IN_POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

Deno.test("sidecar injection is configured by istiod's variables", () => {
  const builtin = {
    image: "registry.istio.io/release/proxyv2:1.31.4",
    clusterName: "Kubernetes",
  };
  assert.deepEqual(injectOf([], {}), {
    directory: "./var/lib/istio/inject",
    configMap: undefined,
    builtin,
    revision: "",
    nativeSidecars: "auto",
  });
  const named = injectOf(["--injectDir=/i", "--proxyImage=p:1", "--clusterID=east"], {
    ...IN_POD,
    REVISION: "canary",
    ENABLE_NATIVE_SIDECARS: "false",
  });
  assert.deepEqual(named, {
    directory: "/i",
    configMap: { namespace: "istio-system", name: "istio-sidecar-injector-canary" },
    builtin: { image: "p:1", clusterName: "east" },
    revision: "canary",
    nativeSidecars: "off",
  });
  const byDefault = injectOf([], {
    ...IN_POD,
    REVISION: "default",
    ENABLE_NATIVE_SIDECARS: "true",
  });
  assert.equal(byDefault?.configMap?.name, "istio-sidecar-injector");
  assert.equal(byDefault?.nativeSidecars, "on");
  assert.equal(injectOf([], { ...IN_POD, INJECT_ENABLED: "false" }), undefined);
});
