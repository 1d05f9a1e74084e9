/** What is written inside an executable that `deno compile` made. */

/** The permissions that are baked in: a list is what is allowed, an empty one is everything, null is nothing. */
export interface BakedPermissions {
  readonly [name: `allow_${string}` | `deny_${string}`]: readonly string[] | null;
  /** True when it would ask on the terminal. */
  readonly prompt: boolean;
}

/** How the settings begin: the mark of `deno compile`, their length in eight octets, and JSON. */
const MARK = new TextEncoder().encode("d3n0l4nd");
const BEGIN = new TextEncoder().encode('{"argv":');

/** Reads the permissions of an executable. */
export async function bakedPermissions(path: string): Promise<BakedPermissions> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const isAt = (at: number, wanted: Uint8Array) => wanted.every((b, i) => bytes[at + i] === b);
  for (let at = bytes.length - MARK.length - 8; at >= 0; at--) {
    const start = at + MARK.length + 8;
    if (!isAt(at, MARK) || !isAt(start, BEGIN)) continue;
    const length = Number(view.getBigUint64(at + MARK.length, true));
    const text = new TextDecoder().decode(bytes.subarray(start, start + length));
    return (JSON.parse(text) as { permissions: BakedPermissions }).permissions;
  }
  throw new TypeError(`Cannot read ${path}: deno compile did not make it`);
}
