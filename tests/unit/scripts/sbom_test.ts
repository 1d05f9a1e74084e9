import assert from "node:assert/strict";

import { makeSbom, packagesOf } from "../../../scripts/sbom.ts";

const INPUTS = [
  "lib/base/errors.ts",
  "node_modules/.deno/yaml@2.9.1/node_modules/yaml/dist/index.js",
  "node_modules/.deno/yaml@2.9.1/node_modules/yaml/dist/parse.js",
  "node_modules/.deno/@bufbuild+protobuf@2.17.0/node_modules/@bufbuild/protobuf/a.js",
  "node_modules/.deno/@connectrpc+connect@2.2.0_@bufbuild+protobuf@2.17.0/node_modules/@connectrpc/connect/a.js",
];
/** SHA-512 of nothing, by sha512sum. */
const EMPTY = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" +
  "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
const INTEGRITY =
  "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";

function sbomOf(npm: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return makeSbom({
    version: "1.2.3",
    executableSha256: "00",
    deno: "2.0.0",
    v8: "14",
    inputs: INPUTS,
    lock: JSON.stringify({ npm }),
    licenseOf: ({ name }) => name === "yaml" ? "ISC" : undefined,
  });
}

Deno.test("packagesOf() names each bundled package once", () => {
  assert.deepEqual(packagesOf(INPUTS), [
    { name: "@bufbuild/protobuf", version: "2.17.0" },
    { name: "@connectrpc/connect", version: "2.2.0" },
    { name: "yaml", version: "2.9.1" },
  ]);
});

Deno.test("makeSbom() takes hashes from deno.lock and refuses what is not in it", () => {
  const npm = {
    "yaml@2.9.1": { integrity: INTEGRITY },
    "@bufbuild/protobuf@2.17.0": { integrity: INTEGRITY },
    "@connectrpc/connect@2.2.0_@bufbuild+protobuf@2.17.0": { integrity: INTEGRITY },
  };
  const { components } = sbomOf(npm) as { components: readonly Record<string, unknown>[] };
  assert.deepEqual(components.find(({ name }) => name === "yaml"), {
    type: "library",
    "bom-ref": "pkg:npm/yaml@2.9.1",
    name: "yaml",
    version: "2.9.1",
    purl: "pkg:npm/yaml@2.9.1",
    hashes: [{ alg: "SHA-512", content: EMPTY }],
    licenses: [{ expression: "ISC" }],
  });
  const scoped = components.find(({ name }) => name === "@connectrpc/connect");
  assert.equal(scoped?.["purl"], "pkg:npm/%40connectrpc/connect@2.2.0");
  assert.throws(() => sbomOf({ ...npm, "yaml@2.9.1": {} }), /yaml@2\.9\.1: it is bundled/);
});
