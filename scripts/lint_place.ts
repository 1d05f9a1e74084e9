/** Where in `lib/` a linted file stands. */

const LIB_FILE_REGEXP = /\/lib\/([a-z0-9_]+)\/(.+)$/;

/** A file of a room. */
export interface Place {
  /** The room. */
  readonly room: string;
  /** Folders and name within it. */
  readonly path: readonly string[];
}

/** The place of a file; undefined outside of `lib/`. */
export function placeOf(filename: string): Place | undefined {
  const [, room, path] = LIB_FILE_REGEXP.exec(filename.replaceAll("\\", "/")) ?? [];
  return room === undefined || path === undefined ? undefined : { room, path: path.split("/") };
}

/** `room/path` of a file. */
export function fileOf({ room, path }: Place): string {
  return [room, ...path].join("/");
}
