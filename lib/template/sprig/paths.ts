/** Functions on slash-separated paths, as Go's `path` has them; the names that begin with `os` mean the same on Linux. */
import type { TemplateFunction } from "../go_values.ts";
import { goFunction } from "../signature.ts";

const one = (made: (path: string) => unknown) =>
  goFunction("string", (path) => made(path as string));

const base = one(baseOf);
const clean = one(cleanPath);
const dir = one((path) => cleanPath(path.slice(0, path.lastIndexOf("/") + 1)));
const ext = one((path) => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot);
});
const isAbs = one((path) => path.startsWith("/"));

/** By their names in templates. */
export const PATH_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...{ base, clean, dir, ext, isAbs },
  osBase: base,
  osClean: clean,
  osDir: dir,
  osExt: ext,
  osIsAbs: isAbs,
};

function baseOf(path: string): string {
  if (path === "") return ".";
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return end === 0 ? "/" : path.slice(path.lastIndexOf("/", end - 1) + 1, end);
}

/** The shortest path of the same meaning. */
function cleanPath(path: string): string {
  if (path === "") return ".";
  const isRooted = path.startsWith("/");
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!isRooted) kept.push(part);
  }
  const joined = (isRooted ? "/" : "") + kept.join("/");
  return joined === "" ? "." : joined;
}
