// deno-lint-ignore-file no-console -- a script prints
/**
 * Makes `proto/gen` from the .proto files: buf compiles them, protoc-gen-es writes TypeScript. Both come from npm and run without Node:
 * buf's platform package carries a native binary, protoc-gen-es runs under Deno.
 *
 * A stamp in `proto/gen` is the hash of everything that the output depends on, so that a second run does nothing.
 *
 * Usage: `scripts/deno task gen [--force]`
 */

/** The generated code; never committed. */
const OUTPUT = "proto/gen";
const STAMP = `${OUTPUT}/.stamp`;
const OPTIONS = ["target=ts", "import_extension=ts", "erasable_syntax=true"] as const;

/** Names of buf's platform packages, by Deno's name of the platform. */
const BUF_PLATFORMS: Readonly<Record<string, string>> = {
  "linux-x86_64": "linux-x64",
  "linux-aarch64": "linux-aarch64",
  "darwin-x86_64": "darwin-x64",
  "darwin-aarch64": "darwin-arm64",
};

/**
 * Generates `proto/gen` in the working directory, the repository, when it is missing or older than its sources.
 *
 * @returns whether anything was generated.
 */
export async function generateProtos(options: { readonly force?: boolean } = {}): Promise<boolean> {
  const stamp = await inputHash();
  if (!options.force && await readIfPresent(STAMP) === stamp) return false;
  const plugin = await dependency("@bufbuild/protoc-gen-es");
  const template = {
    version: "v2",
    clean: true,
    plugins: [{
      local: [
        Deno.execPath(),
        ...["run", "--quiet", "--no-prompt", "--frozen", "--allow-read=.", "--allow-env"],
        `npm:@bufbuild/protoc-gen-es@${plugin}/protoc-gen-es`,
      ],
      out: OUTPUT,
      opt: OPTIONS,
    }],
  };
  const buf = new Deno.Command(await bufBinary(), {
    args: ["generate", "--template", JSON.stringify(template)],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  });
  const { code } = await buf.output();
  if (code !== 0) {
    throw new TypeError(`Cannot generate ${OUTPUT}: buf ended with exit code ${code}`);
  }
  await Deno.writeTextFile(STAMP, stamp);
  return true;
}

/** The native buf of this platform, as `deno install` laid it. */
async function bufBinary(): Promise<string> {
  const platform = BUF_PLATFORMS[`${Deno.build.os}-${Deno.build.arch}`];
  const version = await dependency("@bufbuild/buf");
  const name = `buf-${platform}`;
  const path =
    `node_modules/.deno/@bufbuild+${name}@${version}/node_modules/@bufbuild/${name}/bin/buf`;
  if (platform === undefined || await readSize(path) === undefined) {
    throw new TypeError(
      `Cannot generate ${OUTPUT}: no buf for ${Deno.build.os} ${Deno.build.arch}, should be at ${path} after "deno install"`,
    );
  }
  return path;
}

/** The exact version of an npm package in deno.json's import map. */
async function dependency(name: string): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const specifier: unknown = imports?.[name];
  const version = typeof specifier === "string"
    ? specifier.slice(`npm:${name}@`.length)
    : undefined;
  if (!version) throw new TypeError(`Cannot find ${name} in the import map of deno.json`);
  return version;
}

/** SHA-256 over the sources, their names, the tools' versions and the options. */
async function inputHash(): Promise<string> {
  const parts = [
    await dependency("@bufbuild/buf"),
    await dependency("@bufbuild/protoc-gen-es"),
    ...OPTIONS,
    await Deno.readTextFile("buf.yaml"),
  ];
  for (const path of await protoFiles("proto")) parts.push(path, await Deno.readTextFile(path));
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function protoFiles(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && path !== OUTPUT) paths.push(...await protoFiles(path));
    if (name.endsWith(".proto")) paths.push(path);
  }
  return paths.sort();
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

async function readSize(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const made = await generateProtos({ force: Deno.args.includes("--force") });
  console.log(made ? `generated ${OUTPUT}` : `${OUTPUT} is up to date`);
}
