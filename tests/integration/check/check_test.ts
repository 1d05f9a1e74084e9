import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";

import { OPTIONS } from "signet/config/mod.ts";
import { writeFiles } from "../../support/ca_sets.ts";
import { writeKubeconfig } from "../../support/kubernetes.ts";
import { mintSet } from "../../support/minted_sets.ts";
import { tempDir } from "../../support/process.ts";
import { runSignet, startSignet } from "../../support/server.ts";
import { until } from "../../support/until.ts";

interface Report {
  readonly wouldStart: boolean;
  readonly checks: readonly {
    readonly about: string;
    readonly status: string;
    readonly detail: string;
  }[];
}

/** Every flag that names an address, so that a test needs no port that somebody holds. */
const ADDRESS_FLAGS = Object.values(OPTIONS).filter(({ kind }) => kind === "address")
  .map(({ flag }) => `--${flag}`);
const ANYWHERE = ADDRESS_FLAGS.flatMap((flag) => [flag, "127.0.0.1:0"]);
const NO_DNS = { DNS_ADDR: "127.0.0.1:0" };

async function tree(path: string): Promise<string> {
  const lines: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    const { size, mtime } = await Deno.lstat(`${path}/${name}`);
    lines.push(`${path}/${name} ${size} ${mtime?.getTime()}`);
    if (isDirectory) lines.push(await tree(`${path}/${name}`));
  }
  return lines.sort().join("\n");
}

Deno.test("signet check says what a first start would do, and makes nothing", async () => {
  await using dir = await tempDir();
  const ran = await runSignet(["check", ...ANYWHERE, "--frobnicate"], {
    cwd: dir.path,
    env: NO_DNS,
  });
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /^signet would start\n/);
  assert.match(ran.stdout, /state directory +\.\/var\/lib\/signet would be made/);
  assert.match(ran.stdout, /CA +a new root O=cluster\.local would be made/);
  assert.match(ran.stdout, /warning +option +unknown flag --frobnicate is ignored/);
  assert.match(ran.stdout, /own certificate +issued by this CA, valid until/);
  assert.match(ran.stdout, /would be written into \.\/var\/run\/secrets\/istio-dns/);
  for (const flag of ADDRESS_FLAGS) {
    assert.match(ran.stdout, new RegExp(`ok +${flag} +127\\.0\\.0\\.1:0$`, "m"));
  }
  assert.equal(await tree(dir.path), "");
});

Deno.test("signet check beside a running server finds its lock and its ports, and leaves it alone", async () => {
  await using server = await startSignet();
  // Ready comes first; what is in force is written right after it, and again with each step that follows.
  await until("the server has said what is in force", async () => {
    const report = `${server.stateDir}/in_force.json`;
    const said = await Deno.readTextFile(report).catch(() => "");
    return said.includes("revision") || undefined;
  });
  const before = await tree(server.stateDir);
  const args = [
    ...["--stateDir", server.stateDir, "--secureGRPCAddr", server.addr("secureGrpc")],
    ...["--httpAddr", "127.0.0.1:0", "--monitoringAddr", "", "--grpcAddr", ""],
  ];
  const ran = await runSignet(["check", ...args, "--output", "json"], {
    cwd: server.cwd,
    env: NO_DNS,
  });
  assert.equal(ran.code, 1, ran.stderr);
  const { wouldStart, checks } = JSON.parse(ran.stdout) as Report;
  assert.equal(wouldStart, false);
  const faults = checks.filter(({ status }) => status === "fault").map(({ about }) => about);
  assert.deepEqual(faults, ["state directory", "--secureGRPCAddr"]);
  assert.equal(await tree(server.stateDir), before);
  assert.equal(await server.stop(), 0);
  const after = await runSignet(["check", ...args], { cwd: server.cwd, env: NO_DNS });
  assert.equal(after.code, 0, after.stdout);
  assert.match(after.stdout, /CA +O=cluster\.local of .*valid until/);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: server.ports.secureGrpc });
  assert.equal(listener.addr.port, server.ports.secureGrpc);
});

Deno.test("signet check exits with 2 for a wrong configuration and 1 for files that cannot be used", async () => {
  await using dir = await tempDir();
  const wrong = await runSignet(["check", "--stateDri", "x"], { cwd: dir.path, env: NO_DNS });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stdout, /did you mean --stateDir\?/);
  const files = ["--tlsCertFile", "no.pem", "--tlsKeyFile", "no.key", ...ANYWHERE];
  const missing = await runSignet(["check", ...files], { cwd: dir.path, env: NO_DNS });
  assert.equal(missing.code, 1, missing.stdout);
  assert.match(missing.stdout, /fault +own certificate +.*no\.pem \(--tlsCertFile\)/);
  assert.equal(await tree(dir.path), "");
});

async function check(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<{ readonly code: number; readonly report: Report; said(about: string): string[] }> {
  const ran = await runSignet(["check", ...ANYWHERE, "--output=json", ...args], options);
  assert.equal(ran.stderr, "");
  const report = JSON.parse(ran.stdout) as Report;
  const said = (about: string) =>
    report.checks.filter((look) => look.about === about)
      .map(({ status, detail }) => `${status}: ${detail}`);
  return { code: ran.code, report, said };
}

Deno.test("signet check names what is wrong in documents by file, line and field, and in a mesh config", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/services`);
  const head = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n";
  await Deno.writeTextFile(
    `${dir.path}/services/good.yaml`,
    `${head}metadata: { name: db, namespace: shop }\nspec: { hosts: [db.example], addresses: [10.0.0.1], ports: [{ number: 1, name: tcp }] }\n`,
  );
  await Deno.writeTextFile(
    `${dir.path}/services/mesh.yaml`,
    `apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: { name: all }\nspec:\n  selector: {}\n---\napiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: { name: all }\nspec: { concurrency: 1 }\n---\napiVersion: v1\nkind: Pod\n`,
  );
  await Deno.writeTextFile(
    `${dir.path}/services/wrong.yaml`,
    `${head}metadata: { name: web, namespace: shop }\nspec:\n  hosts: [web.example]\n  ports: [{ number: 99999, name: http, protocol: HTTP }]\n`,
  );
  const documents = await check(["--configDir", "services"], { cwd: dir.path });
  assert.equal(documents.code, 2);
  assert.equal(documents.report.wouldStart, true);
  const [read, idle, leftAlone, refused, ...more] = documents.said("--configDir");
  assert.equal(read, "ok: services: 1 services in 3 files");
  assert.equal(idle, "ok: read, no effect yet: ProxyConfig (1)");
  assert.equal(leftAlone, "ok: left alone: v1 Pod (1)");
  assert.match(refused!, /^refused: services\/wrong\.yaml:6: spec\.ports\S*number: /);
  assert.deepEqual(more, [
    "warning: services/mesh.yaml:5: spec.selector: workload selector specified without labels",
  ]);
  const absent = await check(["--configDir", "nowhere"], { cwd: dir.path });
  assert.equal(absent.code, 1);
  assert.match(absent.said("--configDir")[0]!, /^fault: Cannot read nowhere/);
  await Deno.writeTextFile(`${dir.path}/mesh.yaml`, "trustDomain: [1]\n");
  const mesh = await check(["--meshConfig", "mesh.yaml", "--dnsIdleTimeout=1"], { cwd: dir.path });
  assert.equal(mesh.code, 2);
  assert.match(mesh.said("configuration")[0]!, /mesh\.yaml.*trustDomain should be a text/);
  assert.match(mesh.said("configuration")[1]!, /--dnsIdleTimeout/);
});

Deno.test("signet check looks at a plugged-in CA, at well-known files and at log targets as the server would", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/etc/cacerts`, { recursive: true });
  await Deno.writeTextFile(`${dir.path}/etc/cacerts/ca-cert.pem`, "not PEM");
  const half = await check(["--log_target", "stderr", "--log_target", "none/x.log"], {
    cwd: dir.path,
  });
  assert.equal(half.code, 1);
  assert.match(half.said("CA")[0]!, /^fault: .*etc\/cacerts/);
  assert.deepEqual(half.said("own certificate"), ["warning: not looked at: the CA comes first"]);
  assert.equal(half.said("log")[0], "ok: stderr");
  assert.match(half.said("log")[1]!, /^fault: .*none\/x\.log .*there is no folder none/);
  await Deno.remove(`${dir.path}/etc`, { recursive: true });
  const folder = `${dir.path}/var/run/secrets/istiod`;
  for (const name of ["tls/tls.crt", "tls/tls.key", "ca/root-cert.pem"]) {
    await Deno.mkdir(`${folder}/${name.split("/")[0]}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, "not PEM");
  }
  const known = await check([], { cwd: dir.path });
  assert.match(known.said("own certificate")[0]!, /^fault: .*istiod\/ca\/root-cert\.pem/);
  await Deno.remove(`${dir.path}/var`, { recursive: true });
  const none = await check([], { cwd: dir.path, env: { ENABLE_CA_SERVER: "false" } });
  assert.equal(none.code, 0);
  assert.match(none.said("own certificate")[0]!, /^warning: none \(ENABLE_CA_SERVER=false\)/);
  assert.match(none.said("--secureGRPCAddr")[0]!, /^warning: off/);
});

Deno.test("signet check sees addresses that collide, on every interface too, and a database of a later version", async () => {
  await using dir = await tempDir();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const ran = await check(
    ["--httpAddr", `:${port}`, "--dnsAddr", "localhost:0", "--grpcAddr", ":0"],
    { cwd: dir.path },
  );
  assert.equal(ran.code, 1);
  assert.match(
    ran.said("--httpAddr")[0]!,
    /^fault: Cannot bind every interface, port \d+: .*in use/,
  );
  assert.match(ran.said("--grpcAddr")[0]!, /^ok: (\[::\]|0\.0\.0\.0):0$/);
  const twice = ["--httpAddr", "127.0.0.1:18475", "--monitoringAddr", "127.0.0.1:18475"];
  const collide = await check(twice, { cwd: dir.path });
  assert.deepEqual(
    collide.report.checks.filter(({ status }) => status === "fault").map(({ about }) => about),
    ["--monitoringAddr"],
  );
  await Deno.mkdir(`${dir.path}/state`);
  const path = `${dir.path}/state/state.db`;
  {
    using database = new DatabaseSync(path);
    database.exec("PRAGMA application_id = 0x73676e74; PRAGMA user_version = 9999");
  }
  const later = await check(["--stateDir", "state"], { cwd: dir.path });
  assert.match(later.said("state directory")[0]!, /^fault: .*schema version is 9999/);
  await Deno.writeTextFile(path, "anything else");
  const foreign = await check(["--stateDir", "state"], { cwd: dir.path });
  assert.match(foreign.said("state directory")[0]!, /^fault: .*no database of signet/);
});

Deno.test("signet check finds every fault of the DNS settings at once", async () => {
  await using dir = await tempDir();
  const wrong = await check(
    [
      ...["--dnsAllow", "10.0.0.0/8,10.0.0.0/33,somewhere"],
      ...["--dnsUpstream", "udp://10.0.0.1,https://dns.example,tcp://10.0.0.1:70000"],
      ...["--dnsUpstreamCa", "no.pem"],
    ],
    { cwd: dir.path },
  );
  assert.equal(wrong.code, 2);
  assert.equal(wrong.report.wouldStart, false);
  const allow = wrong.said("--dnsAllow");
  assert.equal(allow.length, 2);
  assert.match(allow[0]!, /^config: .*"10\.0\.0\.0\/33"/);
  assert.match(allow[1]!, /^config: .*"somewhere"/);
  const [good, scheme, port] = wrong.said("--dnsUpstream");
  assert.equal(good, "ok: udp://10.0.0.1:53");
  assert.match(scheme!, /^config: .*https:\/\/dns\.example/);
  assert.match(port!, /^config: .*port should be 1 to 65535/);
  assert.match(wrong.said("--dnsUpstreamCa")[0]!, /^fault: .*no\.pem/);
  await Deno.writeTextFile(
    `${dir.path}/resolv.conf`,
    "nameserver 10.0.0.53\nsearch x\nnameserver nonsense\n",
  );
  const read = await check(["--dnsResolvConf", "resolv.conf"], { cwd: dir.path });
  assert.equal(read.code, 0);
  assert.deepEqual(read.said("--dnsResolvConf"), [
    "ok: resolv.conf: udp://10.0.0.53:53",
    'warning: resolv.conf:3: nameserver "nonsense" is of no use',
  ]);
  const absent = await check(["--dnsResolvConf", "absent.conf"], { cwd: dir.path });
  assert.equal(absent.code, 0);
  assert.match(absent.said("--dnsResolvConf")[0]!, /^warning: absent\.conf: .*SERVFAIL/);
  const off = await check(["--dnsUpstream", "none", "--dnsResolvConf", "absent.conf"], {
    cwd: dir.path,
  });
  assert.deepEqual(off.said("--dnsResolvConf"), []);
});

Deno.test("signet check looks at a plugged-in CA, not at the Secret of a cluster that is away", async () => {
  await using dir = await tempDir();
  const set = await mintSet({ nowMs: Date.now() });
  await writeFiles(`${dir.path}/cacerts`, {
    "ca-cert.pem": set.caCertPem,
    "ca-key.pem": set.caKeyPem,
    "root-cert.pem": set.rootCertPem,
    "cert-chain.pem": set.caCertPem,
  });
  const kubeconfig = await writeKubeconfig(`${dir.path}/config`, {
    cluster: { server: "http://127.0.0.1:1" },
    user: { token: "t" },
  });
  const args = ["--kubeconfig", kubeconfig];
  const env = { ROOT_CA_DIR: `${dir.path}/cacerts` };
  const plugged = await check(args, { cwd: dir.path, env });
  assert.match(plugged.said("Kubernetes")[0]!, /^fault: Cannot GET/);
  assert.match(plugged.said("CA")[0]!, /^ok: O=cluster\.local of .*cacerts/);
  const kept = await check(args, { cwd: dir.path });
  assert.match(kept.said("CA")[0]!, /^fault: Cannot GET .*istio-ca-secret/);
});

Deno.test("signet check looks at the injector's folder", async () => {
  await using dir = await tempDir();
  const folder = `${dir.path}/inject`;
  const check = () =>
    runSignet(["check", ...ANYWHERE, "--injectDir", folder], { cwd: dir.path, env: NO_DNS });
  const none = await check();
  assert.match(none.stdout, /ok +injection +none: there is neither .*\/inject nor a cluster/);
  await writeFiles(folder, {
    config: "policy: sometimes\ndefaultTemplates: [a, b]\ntemplates: {a: x}\n",
    values: "{}",
  });
  const odd = await check();
  assert.equal(odd.code, 0, odd.stdout + odd.stderr);
  assert.match(odd.stdout, /ok +injection +.*: policy sometimes, templates a$/m);
  assert.match(odd.stdout, /warning +injection +policy is "sometimes": nothing would be injected/);
  assert.match(odd.stdout, /warning +injection +defaultTemplates names "b", which is no template/);
  await writeFiles(folder, { config: "templates: {a: '{{ if }}'}" });
  const bad = await check();
  assert.equal(bad.code, 2, bad.stdout + bad.stderr);
  assert.match(
    bad.stdout,
    /config +injection +Cannot use the injector's configuration: template "a"/,
  );
});
