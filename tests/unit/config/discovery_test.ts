/** Flags, variables and mesh config to one frozen value: precedence, faults all at once, notices. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { type Config, type Environment, readDiscovery, variableNames } from "signet/config/mod.ts";
import { effectiveTrustDomain } from "../../../lib/config/discovery.ts";
import { DEFAULT_MESH_CONFIG, type MeshConfig } from "../../../lib/config/mesh_config.ts";
import { OPTIONS } from "../../../lib/config/table.ts";
import { OPTIONS_WITHOUT_EFFECT } from "../../../lib/config/table_later.ts";

const HOUR_MS = 3_600_000;

function config(
  args: readonly string[] = [],
  env: Environment = {},
  mesh: MeshConfig = DEFAULT_MESH_CONFIG,
): Config {
  return readDiscovery(args, env).complete(mesh);
}

/** The message of the one error that holds every fault. */
function faults(args: readonly string[], env: Environment = {}): string {
  let message = "";
  assert.throws(() => config(args, env), (thrown) => {
    assert.ok(isSignetError(thrown, "config.bad_value"), String(thrown));
    message = thrown.message;
    return true;
  });
  assert.match(message, /^Cannot start: /);
  assert.doesNotMatch(message, /\n/);
  return message;
}

Deno.test("readDiscovery() says what of the mesh config policies count on in vain", () => {
  const notices = (namespace: string) =>
    config(["--namespace", namespace], {}, {
      ...DEFAULT_MESH_CONFIG,
      rootNamespace: "istio-config",
      unheeded: ["pathNormalization"],
    }).notices.map((notice) => notice.split(" has no effect")[0]);
  assert.deepEqual(notices("istio-system"), [
    `mesh config: rootNamespace "istio-config"`,
    "mesh config: pathNormalization",
  ]);
  assert.deepEqual(notices("istio-config"), ["mesh config: pathNormalization"]);
});

Deno.test("readDiscovery() without anything gives the defaults of the specification", () => {
  const { ca, cert, grpc, http, log, shutdownMs, stateDir, cryptoProvider, notices } = config();
  assert.equal(stateDir, "./var/lib/signet");
  assert.equal(cryptoProvider, "auto");
  assert.equal(ca.trustDomain, "cluster.local");
  assert.equal(ca.defaultWorkloadTtlMs, 24 * HOUR_MS);
  assert.equal(ca.maxWorkloadTtlMs, 2160 * HOUR_MS);
  assert.equal(ca.selfSignedRootTtlMs, 87_600 * HOUR_MS);
  assert.equal(ca.minRsaBits, 1024);
  assert.equal(cert.ttlMs, 87_600 * HOUR_MS);
  assert.equal(cert.files, undefined);
  assert.equal(cert.caCertFile, undefined);
  assert.equal(cert.writeDirectory, "./var/run/secrets/istio-dns");
  assert.deepEqual(grpc.secureAddr, { hostname: "", port: 15012 });
  assert.deepEqual(grpc.plainAddr, { hostname: "", port: 15010 });
  assert.equal(grpc.tlsMinVersion, "TLSv1.2");
  assert.equal(grpc.maxMessageBytes, 4_194_304);
  assert.deepEqual(grpc.keepalive, {
    intervalMs: 30_000,
    timeoutMs: 10_000,
    maxConnectionAgeMs: undefined,
  });
  assert.deepEqual(http.addr, { hostname: "", port: 8080 });
  assert.deepEqual(http.monitoringAddr, { hostname: "", port: 15014 });
  assert.deepEqual(log.levels, { default: "info" });
  assert.equal(log.json, false);
  assert.equal(shutdownMs, 10_000);
  assert.deepEqual(notices, []);
});

Deno.test("readDiscovery() takes a flag over its variable, that over the mesh config, that over the default", async (t) => {
  const mesh = { ...DEFAULT_MESH_CONFIG, trustDomain: "from.mesh" };
  const rows: readonly (readonly [string, () => unknown, unknown])[] = [
    ["the default", () => config().stateDir, "./var/lib/signet"],
    ["the variable", () => config([], { SIGNET_STATE_DIR: "/v" }).stateDir, "/v"],
    [
      "the flag over the variable",
      () => config(["--stateDir", "/f"], { SIGNET_STATE_DIR: "/v" }).stateDir,
      "/f",
    ],
    [
      "the flag over a variable that is wrong",
      () =>
        config(["--keepaliveInterval=5s"], { GRPC_KEEPALIVE_INTERVAL: "soon" }).grpc.keepalive
          .intervalMs,
      5000,
    ],
    ["the mesh config", () => config([], {}, mesh).ca.trustDomain, "from.mesh"],
    [
      "the flag over the mesh config",
      () => config(["--trust-domain", "from.flag"], {}, mesh).ca.trustDomain,
      "from.flag",
    ],
    [
      "an empty flag is no flag: the mesh config",
      () => config(["--trust-domain="], {}, mesh).ca.trustDomain,
      "from.mesh",
    ],
    ["the alias", () => config(["--secureGrpcAddr", ":1"]).grpc.secureAddr?.port, 1],
    ["the short flag", () => config(["-n", "mesh"]).cert.names.includes("istiod.mesh.svc"), true],
    [
      "an empty variable counts as set",
      () => config([], { POD_NAMESPACE: "" }).cert.names.includes("istiod..svc"),
      true,
    ],
  ];
  for (const [name, read, expected] of rows) {
    await t.step(name, () => assert.deepEqual(read(), expected));
  }
});

Deno.test("readDiscovery() turns listeners off by an empty address, but not HTTP", () => {
  const { grpc, http } = config(["--secureGRPCAddr=", "--grpcAddr=", "--monitoringAddr="]);
  assert.equal(grpc.secureAddr, undefined);
  assert.equal(grpc.plainAddr, undefined);
  assert.equal(http.monitoringAddr, undefined);
  assert.match(faults(["--httpAddr="]), /--httpAddr: it cannot be empty/);
});

Deno.test("readDiscovery() warns of a bad variable of istiod's and takes the default, as istiod", async (t) => {
  const rows: readonly (readonly [string, string, (c: Config) => unknown, unknown])[] = [
    ["MAX_WORKLOAD_CERT_TTL", "1 day", (c) => c.ca.maxWorkloadTtlMs, 2160 * HOUR_MS],
    ["MAX_WORKLOAD_CERT_TTL", "", (c) => c.ca.maxWorkloadTtlMs, 2160 * HOUR_MS],
    ["DEFAULT_WORKLOAD_CERT_TTL", "-1h", (c) => c.ca.defaultWorkloadTtlMs, 24 * HOUR_MS],
    ["ISTIO_GPRC_MAXRECVMSGSIZE", "4MB", (c) => c.grpc.maxMessageBytes, 4_194_304],
    ["METRICS_LOCALHOST_ACCESS_ONLY", "yes", (c) => c.http.metricsLocalhostOnly, false],
    ["GRPC_KEEPALIVE_TIMEOUT", "10", (c) => c.grpc.keepalive.timeoutMs, 10_000],
  ];
  for (const [name, text, read, expected] of rows) {
    await t.step(`${name}=${text}`, () => {
      const got = config([], { [name]: text });
      assert.equal(read(got), expected);
      assert.equal(got.notices.length, 1);
      assert.ok(got.notices[0]!.startsWith(`${name}: ${JSON.stringify(text)} should be `));
      assert.match(got.notices[0]!, /the default ".+" is used$/);
    });
  }
});

Deno.test("readDiscovery() makes a fault of a bad variable of signet's own, and of every bad flag", () => {
  assert.match(
    faults([], { SIGNET_MIN_RSA_BITS: "512" }),
    /SIGNET_MIN_RSA_BITS: "512" should be a whole number from 1024 to 8192/,
  );
  assert.match(faults(["--keepaliveInterval=x"]), /--keepaliveInterval: "x" should be a duration/);
  assert.match(faults(["--tls-min-version", "1.1"]), /--tls-min-version: "1\.1" should be one of/);
  assert.match(faults(["--keepaliveMaxServerConnectionAge=-1s"]), /should be at least 0 ms/);
});

Deno.test("readDiscovery() tells all faults at once", () => {
  const message = faults(
    [
      "--httpAddr=",
      "--grpcAddr",
      "nowhere",
      "--stateDirr=x",
      "stray",
      "--tlsCertFile=a",
      "--log_output_level=loud",
      "--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA",
    ],
    {
      SIGNET_MIN_RSA_BITS: "1",
      COMPLIANCE_POLICY: "fips-140-2",
      PILOT_CERT_PROVIDER: "kubernetes",
    },
  );
  const expected = [
    /did you mean --stateDir\?/,
    /--grpcAddr: "nowhere"/,
    /unexpected argument "stray"/,
    /--httpAddr: it cannot be empty/,
    /--tlsCertFile and --tlsKeyFile go together/,
    /--log_output_level: "loud"/,
    /--tls-cipher-suites: .* cannot be enforced/,
    /SIGNET_MIN_RSA_BITS: "1"/,
    /COMPLIANCE_POLICY: "fips-140-2" cannot be enforced/,
    /PILOT_CERT_PROVIDER=kubernetes is no longer supported by upstream K8S/,
  ];
  for (const fault of expected) assert.match(message, fault);
});

Deno.test("readDiscovery() sees faults that lie between options", async (t) => {
  const rows: readonly (readonly [readonly string[], Environment, RegExp])[] = [
    [["--tlsCertFile=a"], {}, /--tlsCertFile and --tlsKeyFile go together/],
    [["--tlsKeyFile=a"], {}, /--tlsCertFile and --tlsKeyFile go together/],
    [[], { DEFAULT_WORKLOAD_CERT_TTL: "3h", MAX_WORKLOAD_CERT_TTL: "2h" }, /is above MAX_WORKLOAD/],
  ];
  for (const [args, env, message] of rows) {
    await t.step(message.source, () => assert.match(faults(args, env), message));
  }
  const both = config(["--tlsCertFile=a", "--tlsKeyFile=b"]);
  assert.deepEqual(both.cert.files, { certFile: "a", keyFile: "b" });
});

Deno.test("readDiscovery() warns once of each unknown flag and goes on, as Istio's manifests need", () => {
  const { notices, stateDir } = config([
    "--brandNewFlag",
    "--anotherOne=3",
    "--brandNewFlag",
    "--stateDir=/x",
  ]);
  assert.equal(stateDir, "/x");
  assert.deepEqual(notices, [
    "unknown flag --brandNewFlag is ignored",
    "unknown flag --anotherOne is ignored",
  ]);
});

Deno.test("readDiscovery() knows every flag of istiod 1.31 and 1.7", async (t) => {
  const flags = [
    ..."httpAddr httpsAddr grpcAddr secureGRPCAddr monitoringAddr profile meshConfig networksConfig"
      .split(" "),
    ..."registries clusterRegistriesNamespace kubeconfig configDir namespace cniNamespace domain"
      .split(" "),
    ..."trust-domain clusterID clusterAliases caCertFile tlsCertFile tlsKeyFile tls-cipher-suites"
      .split(" "),
    ..."tls-min-version shutdownDuration kubernetesApiQPS kubernetesApiBurst keepaliveInterval"
      .split(" "),
    ..."keepaliveTimeout keepaliveMaxServerConnectionAge log_output_level log_stacktrace_level"
      .split(" "),
    ..."log_caller log_target log_as_json log_rotate log_rotate_max_age log_rotate_max_size".split(
      " ",
    ),
    ..."log_rotate_max_backups ctrlz_port ctrlz_address resync appNamespace plugins".split(" "),
    ..."consulserverURL mcpMaxMsgSize mcpInitialWindowSize mcpInitialConnWindowSize".split(" "),
  ];
  const known = new Set(
    [...Object.values(OPTIONS), ...OPTIONS_WITHOUT_EFFECT].map(({ flag }) => flag),
  );
  for (const flag of flags) {
    await t.step(flag, () => assert.ok(known.has(flag), `--${flag} is unknown`));
  }
});

Deno.test("readDiscovery() takes the arguments of Istio's own manifests", () => {
  const { notices, grpc } = config([
    "--monitoringAddr=:15014",
    "--log_output_level=default:info",
    "--domain",
    "cluster.local",
    "--keepaliveMaxServerConnectionAge",
    "30m",
  ]);
  assert.equal(grpc.keepalive.maxConnectionAgeMs, 1_800_000);
  assert.ok(notices.every((notice) => !notice.includes("unknown")), notices.join());
});

Deno.test("readDiscovery() takes Go's longest duration for never", () => {
  for (const text of ["0s", "2562047h47m16.854775807s", "9000000000s"]) {
    const { keepalive } = config([`--keepaliveMaxServerConnectionAge=${text}`]).grpc;
    assert.equal(keepalive.maxConnectionAgeMs, undefined, text);
  }
});

Deno.test("readDiscovery() freezes every value to its depth", () => {
  const mine = config(["--tlsCertFile=a", "--tlsKeyFile=b", "--log_output_level=ca:debug"]);
  const seen: string[] = [];
  const check = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    seen.push(path);
    assert.ok(Object.isFrozen(value), `${path} is not frozen`);
    for (const [key, inner] of Object.entries(value)) check(inner, `${path}.${key}`);
  };
  check(mine, "config");
  for (const path of ["config.ca", "config.cert.files", "config.log.levels", "config.notices"]) {
    assert.ok(seen.includes(path), path);
  }
  assert.throws(() => Object.assign(mine.ca, { trustDomain: "evil" }), TypeError);
});

Deno.test("readDiscovery() lists every flag with its text, sorted, as istiod logs them", () => {
  const { flagLines } = config(["--stateDir", '/x "y"']);
  assert.ok(flagLines.includes(String.raw`FLAG: --stateDir="/x \"y\""`));
  assert.ok(flagLines.includes('FLAG: --httpAddr=":8080"'));
  assert.deepEqual([...flagLines].sort(), flagLines);
  for (const line of flagLines) assert.match(line, /^FLAG: --[A-Za-z0-9_-]+=".*"$/);
});

Deno.test("readDiscovery() gives the mesh config's path, and whether it must be there", () => {
  assert.deepEqual(readDiscovery([], {}).meshConfig, {
    path: "./etc/istio/config/mesh",
    isRequired: false,
  });
  assert.deepEqual(readDiscovery(["--meshConfig=/m"], {}).meshConfig, {
    path: "/m",
    isRequired: true,
  });
});

Deno.test("readDiscovery() names itself as istiod does, in a cluster and outside", async (t) => {
  const usual = [
    "istio-pilot.istio-system.svc",
    "istiod-remote.istio-system.svc",
    "istiod.istio-system.svc",
  ];
  const local = ["127.0.0.1", "::1", "localhost"];
  const inside = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  const rows: readonly (readonly [string, Environment, readonly string[]])[] = [
    ["outside", {}, [...local, ...usual]],
    ["in a cluster", inside, usual],
    ["a revision", { ...inside, REVISION: "canary" }, [...usual, "istiod-canary.istio-system.svc"]],
    ["the default revision", { ...inside, REVISION: "default" }, usual],
    ["a custom host", { ...inside, ISTIOD_CUSTOM_HOST: "a.example,b.example" }, [
      ...usual,
      "a.example",
      "b.example",
    ]],
    ["a custom host that is there already", {
      ...inside,
      ISTIOD_CUSTOM_HOST: "istiod.istio-system.svc",
    }, usual],
    ["an address of long ago", { ...inside, ISTIOD_ADDR: "old.example:15012" }, [
      ...usual,
      "old.example",
    ]],
  ];
  for (const [name, env, expected] of rows) {
    await t.step(name, () => {
      assert.deepEqual(config([], env).cert.names, [...expected].sort());
    });
  }
  await t.step("files are written outside of a cluster alone", () => {
    assert.equal(config([], inside).cert.writeDirectory, undefined);
    assert.notEqual(config().cert.writeDirectory, undefined);
  });
});

Deno.test("effectiveTrustDomain() makes @ a dot and refuses what is no trust domain", async (t) => {
  const mesh = (trustDomain: string) => ({ ...DEFAULT_MESH_CONFIG, trustDomain });
  assert.equal(effectiveTrustDomain("a@b.example", DEFAULT_MESH_CONFIG), "a.b.example");
  assert.equal(effectiveTrustDomain("", mesh("mesh.example")), "mesh.example");
  assert.equal(effectiveTrustDomain("", DEFAULT_MESH_CONFIG), "cluster.local");
  assert.equal(effectiveTrustDomain("mesh.example.", DEFAULT_MESH_CONFIG), "mesh.example");
  const bad = ["a b", "a,b", "a/b", "a".repeat(65), "a..b", "-a", "a-.b", "a_b", ".", "a.b.."];
  for (const text of bad) {
    await t.step(text, () => {
      assert.throws(() => effectiveTrustDomain(text, DEFAULT_MESH_CONFIG), (thrown) => {
        assert.ok(isSignetError(thrown, "config.bad_value"), String(thrown));
        assert.match(thrown.message, /--trust-domain/);
        return true;
      });
      assert.throws(() => effectiveTrustDomain("", mesh(text)), /trustDomain of the mesh config/);
    });
  }
});

Deno.test("variableNames() holds every variable of the specification that is the CA's, sorted", () => {
  const names = variableNames();
  assert.deepEqual([...names].sort(), names);
  assert.equal(new Set(names).size, names.length);
  const wanted = [
    "DEFAULT_WORKLOAD_CERT_TTL",
    "MAX_WORKLOAD_CERT_TTL",
    "CITADEL_SELF_SIGNED_CA_CERT_TTL",
    "ISTIOD_CUSTOM_HOST",
    "PILOT_CERT_PROVIDER",
    "POD_NAMESPACE",
    "REVISION",
    "ISTIO_GPRC_MAXSTREAMS",
    "ISTIO_GPRC_MAXRECVMSGSIZE",
    "KUBERNETES_SERVICE_HOST",
    "SIGNET_STATE_DIR",
    "ENABLE_CA_SERVER",
    "COMPLIANCE_POLICY",
  ];
  for (const name of wanted) assert.ok(names.includes(name), name);
});
