/** A JSON patch applied (RFC 6902): `add`, `replace`, `remove`, each of which fails where the RFC says that it must. */

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** The document after the patch; the one that was given stays as it is. */
export function applyPatch(document: unknown, patch: readonly Operation[]): unknown {
  const root = { "": structuredClone(document) };
  for (const { op, path, value } of patch) {
    const names = path.split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = names.pop()!;
    let at: unknown = root;
    for (const name of names) at = child(at, name, path);
    applyOne(at, last, { op, path, value: structuredClone(value) });
  }
  return root[""];
}

function child(at: unknown, name: string, path: string): unknown {
  if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) {
    throw new TypeError(`Cannot apply patch: ${path} leads nowhere`);
  }
  return (at as Record<string, unknown>)[name];
}

function applyOne(at: unknown, name: string, { op, path, value }: Operation): void {
  if (op !== "add") child(at, name, path);
  if (Array.isArray(at)) {
    const index = Number(name);
    if (!/^(?:0|[1-9][0-9]*)$/.test(name) || index > at.length) {
      throw new TypeError(`Cannot apply patch: ${path} is no place of its list`);
    }
    if (op === "add") at.splice(index, 0, value);
    else if (op === "remove") at.splice(index, 1);
    else at[index] = value;
    return;
  }
  const object = at as Record<string, unknown>;
  if (op === "remove") delete object[name];
  else {Object.defineProperty(object, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });}
}
