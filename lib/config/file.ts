/** Reading the mesh config from disk. */
import { messageOf, SignetError } from "../base/mod.ts";
import { DEFAULT_MESH_CONFIG, type MeshConfig, parseMeshConfig } from "./mesh_config.ts";

/**
 * Reads the mesh config; a missing file is the default mesh unless the file was asked for.
 *
 * @throws {SignetError} `config.unreadable`, `config.bad_value`.
 */
export async function readMeshConfig(
  path: string,
  options: { readonly isRequired: boolean },
): Promise<MeshConfig> {
  try {
    return parseMeshConfig(await Deno.readTextFile(path), `${path} (--meshConfig)`);
  } catch (thrown) {
    if (thrown instanceof SignetError) throw thrown;
    if (thrown instanceof Deno.errors.NotFound && !options.isRequired) return DEFAULT_MESH_CONFIG;
    throw new SignetError(
      "config.unreadable",
      `Cannot read mesh config ${path} (--meshConfig): ${
        messageOf(thrown)
      }; give a readable file or leave the flag out`,
      { cause: thrown },
    );
  }
}
