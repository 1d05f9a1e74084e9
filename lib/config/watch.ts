/** Following the mesh config: its file is looked at again and again, by content, so that Kubernetes' swaps of links are seen too. */
import { type Clock, type MaybePromise, sleep } from "../base/mod.ts";
import { readMeshConfig } from "./file.ts";
import type { MeshConfig } from "./mesh_config.ts";

/** Time between two looks, in milliseconds. */
const LOOK_MS = 1_000;

/** What following needs. */
export interface MeshWatchOptions {
  /** Time. */
  readonly clock: Clock;
  /** Called with every new content; the next look waits for it. */
  readonly onChange: (mesh: MeshConfig) => MaybePromise<void>;
  /** Called once for each content that cannot be used; what was in force stays. */
  readonly onError: (thrown: unknown) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Follows the file until the signal is aborted, then rejects with its reason. */
export async function watchMeshConfig(path: string, options: MeshWatchOptions): Promise<void> {
  let seen = await contentOf(path);
  for (;;) {
    await sleep(options.clock, LOOK_MS, { signal: options.signal });
    const content = await contentOf(path);
    if (content === seen) continue;
    seen = content;
    try {
      await options.onChange(await readMeshConfig(path, { isRequired: false }));
    } catch (thrown) {
      options.onError(thrown);
    }
  }
}

/** The text, or why there is none. */
async function contentOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.name : "unreadable";
  }
}
