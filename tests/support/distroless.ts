/**
 * The root folder of the image that the `Dockerfile` makes, without a Docker daemon: what a distroless `cc` image has of Debian's packages,
 * copied from this machine, and the Dockerfile's own instructions on top. Programs run in it as a container runs them: chroot, user, PID 1,
 * own processes, own network with a loopback, read-only but for the volumes.
 *
 * Needs root, Linux namespaces, util-linux and iproute2.
 */
import { type ImageConfig, parseDockerfile } from "./dockerfile.ts";
import { gather, type Ran, run } from "./process.ts";

const REPOSITORY = new URL("../../", import.meta.url).pathname;
/** Debian packages of distroless `cc` that signet has a use for; names of both stable releases. */
const PACKAGES = ["libc6", "libgcc-s1"];
const OPENSSL_PACKAGES = ["libssl3", "libssl3t64"];
const LIBRARY_REGEXP = /^(\/usr)?\/lib(64)?(\/[a-z0-9_]+-linux-gnu)?\/[^/]+\.so[.\d]*$/;
const CA_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEVICES = ["null", "zero", "full", "random", "urandom"];

/** A root folder; disposing it removes it. */
export interface ImageRoot extends AsyncDisposable {
  /** Where it is on this machine. */
  readonly path: string;
  /** The Dockerfile. */
  readonly image: ImageConfig;
  /** The folder on this machine that is mounted at the image's volume. */
  readonly volume: string;
}

/** Builds a root folder. `openssl` says whether libssl and libcrypto are in it. */
export async function buildImageRoot(
  options: { readonly openssl: boolean; readonly executable: string },
): Promise<ImageRoot> {
  const image = parseDockerfile(await Deno.readTextFile(`${REPOSITORY}Dockerfile`));
  const top = await Deno.makeTempDir({ prefix: "signet-image-" });
  await Deno.chmod(top, 0o755);
  const path = `${top}/root`;
  for (const folder of ["proc", "dev", "etc/ssl/certs", "tmp", "lib64", "home/nonroot"]) {
    await Deno.mkdir(`${path}/${folder}`, { recursive: true });
  }
  for (const file of await libraries(options.openssl)) await copyInto(path, file);
  await copyInto(path, CA_CERTIFICATES);
  await Deno.writeTextFile(`${path}/etc/passwd`, "nonroot:x:65532:65532::/home/nonroot:/none\n");
  await Deno.writeTextFile(`${path}/etc/group`, "nonroot:x:65532:\n");
  await Deno.writeTextFile(`${path}/etc/nsswitch.conf`, "hosts: files dns\n");
  await Deno.writeTextFile(`${path}/etc/hosts`, "127.0.0.1 localhost\n::1 localhost\n");
  for (const device of DEVICES) await Deno.writeTextFile(`${path}/dev/${device}`, "");
  for (const { source, target, mode } of image.copies) {
    const from = source === "dist/signet" ? options.executable : `${REPOSITORY}${source}`;
    await Deno.mkdir(`${path}${target}`.replace(/\/[^/]+$/, ""), { recursive: true });
    await Deno.copyFile(from, `${path}${target}`);
    await Deno.chmod(`${path}${target}`, mode);
  }
  const volume = `${top}/volume`;
  await Deno.mkdir(volume, { mode: 0o700 });
  await Deno.chown(volume, image.user.uid, image.user.gid);
  return {
    path,
    image,
    volume,
    [Symbol.asyncDispose]: () => Deno.remove(top, { recursive: true }),
  };
}

/** The shared libraries of the packages, as dpkg lists them. */
async function libraries(openssl: boolean): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of [...PACKAGES, ...(openssl ? OPENSSL_PACKAGES : [])]) {
    const { code, stdout } = await run("dpkg", ["-L", name]);
    if (code === 0) found.push(...stdout.split("\n").filter((file) => LIBRARY_REGEXP.test(file)));
    else if (PACKAGES.includes(name)) throw new TypeError(`Cannot build root: ${name} is missing`);
  }
  return found;
}

/** Copies a file with what its name, or the links of it, resolve to, to the same place below `root`. */
async function copyInto(root: string, file: string): Promise<void> {
  await Deno.mkdir(`${root}${file}`.replace(/\/[^/]+$/, ""), { recursive: true });
  await Deno.copyFile(file, `${root}${file}`);
}

/** A program that runs in a root folder. */
export interface Container extends AsyncDisposable {
  /** What it has printed. */
  output(): string;
  /** Runs another program beside it, as `docker exec` does. */
  exec(argv: readonly string[]): Promise<Ran>;
  /** Sends SIGTERM to PID 1 and gives its exit code. */
  stop(): Promise<number>;
  /** Its exit code. */
  readonly exited: Promise<number>;
}

/** `$1` root, `$2` volume's place in it, `$3` volume; then the program. */
const ENTER = `set -eu
root=$1; at=$2; volume=$3; shift 3
ip link set lo up
mount --bind "$root" "$root"
mount --bind "$volume" "$root$at"
mount -t proc proc "$root/proc"
for device in ${DEVICES.join(" ")}; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount -o remount,bind,ro "$root"
exec unshare --root="$root" "$@"`;

/** Starts the image's entrypoint, with the image's arguments or others. */
export function startContainer(
  { path, image, volume }: ImageRoot,
  args: readonly string[] = image.cmd,
): Container {
  const { uid, gid } = image.user;
  const identity = ["--setgid", String(gid), "--setuid", String(uid)];
  const child = new Deno.Command("unshare", {
    args: [
      ...["--mount", "--pid", "--net", "--fork", "--propagation", "private"],
      ...["sh", "-c", ENTER, "enter", path, image.volumes[0] ?? "/tmp", volume],
      ...[`--wd=${image.workdir}`, ...identity, ...image.entrypoint, ...args],
    ],
    clearEnv: true,
    env: { PATH, HOME: image.workdir },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err] = [gather(child.stdout), gather(child.stderr)];
  let running = true;
  const exited = (async () => {
    const { code } = await child.status;
    running = false;
    await Promise.all([out.done, err.done]);
    return code;
  })();
  const first = async () => {
    const children = await Deno.readTextFile(`/proc/${child.pid}/task/${child.pid}/children`);
    return children.trim().split(" ")[0]!;
  };
  return {
    output: () => out.text() + err.text(),
    exited,
    async exec(argv) {
      const target = ["--target", await first(), "--mount", "--pid", "--net", "--root"];
      return await run("nsenter", [...target, `--wdns=${image.workdir}`, ...identity, ...argv], {
        clearEnv: true,
        env: { PATH, HOME: image.workdir },
      });
    },
    async stop() {
      await run("kill", ["-TERM", await first()]);
      return await exited;
    },
    async [Symbol.asyncDispose]() {
      // PID 1 itself: a change of user makes it outlive `unshare`.
      if (running) await run("kill", ["-KILL", await first()]);
      await exited;
    },
  };
}
