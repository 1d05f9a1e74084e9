/**
 * The list of what is inside the executable, as CycloneDX 1.6 JSON: from the inputs of the bundle and the hashes of deno.lock.
 *
 * `scripts/compile.ts` writes it beside the executable; it reads nothing itself.
 */

/** A package of the bundle. */
export interface BundledPackage {
  /** `@scope/name` or `name`. */
  readonly name: string;
  /** Exact version. */
  readonly version: string;
}

/** What a list is made from. */
export interface SbomInput {
  /** Signet's version. */
  readonly version: string;
  /** SHA-256 of the executable, in hexadecimal. */
  readonly executableSha256: string;
  /** Version of the runtime in it. */
  readonly deno: string;
  /** Version of the JavaScript engine in that. */
  readonly v8: string;
  /** Files that went into the bundle. */
  readonly inputs: readonly string[];
  /** The content of deno.lock. */
  readonly lock: string;
  /** Licence of a package, as its package.json names it. */
  readonly licenseOf: (name: BundledPackage) => string | undefined;
}

const INPUT_REGEXP = /node_modules\/\.deno\/(@[^/+]+\+)?([^/@]+)@([^/_]+)[^/]*\/node_modules\//;

/** The packages that files of a bundle come from, each once, by name. */
export function packagesOf(inputs: readonly string[]): readonly BundledPackage[] {
  const found = new Map<string, BundledPackage>();
  for (const input of inputs) {
    const [, scope = "", plain = "", version = ""] = INPUT_REGEXP.exec(input) ?? [];
    if (version === "") continue;
    const name = scope.replace("+", "/") + plain;
    found.set(`${name}@${version}`, { name, version });
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** `sha512-<base64>` of deno.lock by `name@version`. */
function hashesOf(lock: string): ReadonlyMap<string, string> {
  const { npm } = JSON.parse(lock) as { npm: Record<string, { integrity?: string }> };
  return new Map(
    Object.entries(npm).flatMap(([key, { integrity = "" }]) => {
      const [, id] = /^(@?[^@]+@[^_]+)/.exec(key) ?? [];
      return id === undefined || !integrity.startsWith("sha512-") ? [] : [[
        id,
        Uint8Array.fromBase64(integrity.slice("sha512-".length)).toHex(),
      ]];
    }),
  );
}

/** Makes the document. @throws {TypeError} when a bundled package is not in the lock. */
export function makeSbom(input: SbomInput): Readonly<Record<string, unknown>> {
  const hashes = hashesOf(input.lock);
  const components = packagesOf(input.inputs).map(({ name, version }) => {
    const content = hashes.get(`${name}@${version}`);
    if (content === undefined) {
      throw new TypeError(`Cannot list ${name}@${version}: it is bundled and not in deno.lock`);
    }
    const license = input.licenseOf({ name, version });
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    return {
      type: "library",
      "bom-ref": purl,
      name,
      version,
      purl,
      hashes: [{ alg: "SHA-512", content }],
      ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    };
  });
  const runtime = { type: "platform", version: input.deno, name: "deno", licenses: [MIT] };
  const engine = { type: "library", version: input.v8, name: "v8", licenses: [BSD] };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "signet",
        name: "signet",
        version: input.version,
        hashes: [{ alg: "SHA-256", content: input.executableSha256 }],
        licenses: [{ expression: "Apache-2.0" }],
      },
    },
    components: [
      ...components,
      { ...runtime, "bom-ref": `deno@${input.deno}` },
      { ...engine, "bom-ref": `v8@${input.v8}` },
    ],
  };
}

const MIT = { expression: "MIT" };
const BSD = { expression: "BSD-3-Clause" };
