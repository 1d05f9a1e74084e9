/** Whom a document is shown to (`exportTo`). */

/** True when a document of namespace `own` is shown to `viewer`: by default to all; `.` is its own namespace. */
export function isExported(
  exportTo: readonly string[],
  { own, viewer }: { readonly own: string; readonly viewer: string },
): boolean {
  return exportTo.length === 0 ||
    exportTo.some((name) => name === "*" || (name === "." ? own : name) === viewer);
}

/** The namespaces that a document of namespace `own` makes a difference for by where it is and whom it is shown to. */
export function namespacesNamed(exportTo: readonly string[], own: string): readonly string[] {
  return [own, ...exportTo.filter((name) => name !== "*" && name !== ".")];
}
