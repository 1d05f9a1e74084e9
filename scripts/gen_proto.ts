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
const OPTIONS = [
  ...["target=ts", "import_extension=ts", "erasable_syntax=true", "json_types=true"],
] as const;
/**
 * The package that ships Envoy's API with what it imports, and its folders. It has a configuration of its own, as its own
 * dependencies bring types of Node that are not Deno's, and are of no use to the program.
 */
const ENVOY_API = "@grpc/grpc-js-xds";
const ENVOY_CONFIG = "scripts/envoy_api/deno.json";
const ENVOY_FOLDERS = ["envoy-api", "xds", "googleapis"] as const;
/**
 * The package's `validate.proto` is older than the rules that its Envoy API is annotated with: `ignore_empty` is missing. It is added, by
 * its number in protoc-gen-validate, to a copy in node_modules.
 */
const VALIDATE_FOLDER = "scripts/envoy_api/node_modules/.signet_protos";
const IGNORE_EMPTY: Readonly<Record<string, number>> = {
  StringRules: 26,
  BytesRules: 14,
  RepeatedRules: 6,
  MapRules: 6,
  UInt32Rules: 8,
};
/** What signet makes of Envoy's API: messages that a proxy is sent, and the service that sends them. What they import comes with them. */
const ENVOY_FILES = [
  "service/discovery/v3/ads.proto",
  "config/cluster/v3/cluster.proto",
  "config/endpoint/v3/endpoint.proto",
  "config/listener/v3/listener.proto",
  "config/route/v3/route.proto",
  "config/rbac/v3/rbac.proto",
  "extensions/filters/http/cors/v3/cors.proto",
  "extensions/filters/http/fault/v3/fault.proto",
  "extensions/filters/http/jwt_authn/v3/config.proto",
  "extensions/filters/http/rbac/v3/rbac.proto",
  "extensions/filters/http/router/v3/router.proto",
  "extensions/filters/listener/http_inspector/v3/http_inspector.proto",
  "extensions/filters/listener/tls_inspector/v3/tls_inspector.proto",
  "extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
  "extensions/filters/network/rbac/v3/rbac.proto",
  "extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto",
  "extensions/path/match/uri_template/v3/uri_template_match.proto",
  "extensions/retry/host/previous_hosts/v3/previous_hosts.proto",
  "extensions/transport_sockets/raw_buffer/v3/raw_buffer.proto",
  "extensions/transport_sockets/tls/v3/tls.proto",
  "extensions/upstreams/http/v3/http_protocol_options.proto",
] as const;

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
      include_imports: true,
    }],
  };
  const envoy = await envoyFolder();
  await layValidateRules(envoy);
  const folders = [...ENVOY_FOLDERS.map((folder) => `${envoy}/${folder}`), VALIDATE_FOLDER];
  const wanted = [
    ...await protoFiles("proto"),
    `${envoy}/googleapis/google/rpc/error_details.proto`,
    ...ENVOY_FILES.map((file) => `${folders[0]}/envoy/${file}`),
  ];
  const config = { version: "v2", modules: ["proto", ...folders].map((path) => ({ path })) };
  const buf = new Deno.Command(await bufBinary(), {
    args: [
      ...["generate", "--template", JSON.stringify(template), "--config", JSON.stringify(config)],
      ...wanted.flatMap((path) => ["--path", path]),
    ],
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

/** Where the .proto files of Envoy's API are, as `deno install` laid them. */
async function envoyFolder(): Promise<string> {
  const version = await dependency(ENVOY_API, ENVOY_CONFIG);
  const folder = `scripts/envoy_api/node_modules/.deno/${
    ENVOY_API.replace("/", "+")
  }@${version}/node_modules/${ENVOY_API}/deps`;
  if (await readSize(`${folder}/envoy-api`) === undefined) {
    throw new TypeError(
      `Cannot generate ${OUTPUT}: no Envoy API, should be at ${folder} after "deno install" in scripts/envoy_api`,
    );
  }
  return folder;
}

async function layValidateRules(envoy: string): Promise<void> {
  const text = await Deno.readTextFile(`${envoy}/protoc-gen-validate/validate/validate.proto`);
  const whole = text.replace(/^message (\w+) \{/gm, (line, name: string) => {
    const number = IGNORE_EMPTY[name];
    return number === undefined ? line : `${line}\n  optional bool ignore_empty = ${number};`;
  });
  await Deno.mkdir(`${VALIDATE_FOLDER}/validate`, { recursive: true });
  await Deno.writeTextFile(`${VALIDATE_FOLDER}/validate/validate.proto`, whole);
}

/** The exact version of an npm package in the import map of deno.json, or of `config`. */
async function dependency(name: string, config = "deno.json"): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile(config));
  const specifier: unknown = imports?.[name];
  const version = typeof specifier === "string"
    ? specifier.slice(`npm:${name}@`.length)
    : undefined;
  if (!version) throw new TypeError(`Cannot find ${name} in the import map of ${config}`);
  return version;
}

/** SHA-256 over the sources, their names, the tools' versions and the options. */
async function inputHash(): Promise<string> {
  const parts = [
    await dependency("@bufbuild/buf"),
    await dependency("@bufbuild/protoc-gen-es"),
    await dependency(ENVOY_API, ENVOY_CONFIG),
    ...OPTIONS,
    ...ENVOY_FILES,
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
