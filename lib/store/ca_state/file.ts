/**
 * What stands beside the CA's sets in the state directory: how long leaves live, which set a running server has in force, and the lock
 * that whoever changes the current set holds. The server and commands share them, so nothing here is read, changed and written back.
 */
import { quote, SignetError } from "../../base/mod.ts";
import { DIRECTORY_MODE, FILE_MODE, readIfPresent, reasonOf, replaceFile } from "../disk/file.ts";
import type { CaStore, InForceReport } from "../port.ts";

const REPORT_FILE = "in_force.json";
const WRITE_LOCK_FILE = "ca.lock";
const LOCK_RETRY_MS = 20;
/** Writing a set takes milliseconds. */
const LOCK_TIMEOUT_MS = 10_000;
/** Leaf ends are noted to the hour, rounded up, so that a note is written once in an hour and not with each leaf. */
const GRANULE_SECONDS = 3_600;
const NOTE_REGEXP = /^([0-9a-f]{16})-([0-9]{1,12})$/;
const KEY_CHARS = 16;

/** Notes of leaf ends: empty files named by key and second, so that two writers need no agreement. */
export function leafEnds(caDirectory: string): CaStore["leafEnds"] {
  const directory = `${caDirectory}/leaves`;
  const notes = async (keyId: string): Promise<number[]> => {
    const ends: number[] = [];
    try {
      for await (const { name } of Deno.readDir(directory)) {
        const [, key, seconds] = NOTE_REGEXP.exec(name) ?? [];
        if (key === keyId.slice(0, KEY_CHARS)) ends.push(Number(seconds));
      }
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return [];
      throw failed("read", directory, thrown);
    }
    return ends.sort((a, b) => b - a);
  };
  return {
    async note(keyId, notAfterMs) {
      const seconds = (Math.floor(notAfterMs / 1000 / GRANULE_SECONDS) + 1) * GRANULE_SECONDS;
      const path = (end: number) => `${directory}/${keyId.slice(0, KEY_CHARS)}-${end}`;
      try {
        await Deno.mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
        await Deno.writeTextFile(path(seconds), "", { mode: FILE_MODE });
        for (const earlier of (await notes(keyId)).slice(1)) {
          await Deno.remove(path(earlier)).catch(ignoreMissing);
        }
      } catch (thrown) {
        throw failed("note the end of a leaf in", directory, thrown);
      }
      return seconds * 1000;
    },
    async last(keyId) {
      const [seconds] = await notes(keyId);
      return seconds === undefined ? undefined : seconds * 1000;
    },
  };
}

function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}

/** The report of the server that holds the state directory's lock. */
export function reportFile(directory: string): CaStore["report"] {
  const path = `${directory}/${REPORT_FILE}`;
  return {
    write: (report) => replaceFile(directory, REPORT_FILE, `${JSON.stringify(report)}\n`),
    async read() {
      if (!await isServed(directory)) return undefined;
      const text = await readIfPresent(path);
      return text === undefined ? {} : parseReport(text, path);
    },
  };
}

function parseReport(text: string, path: string): InForceReport {
  try {
    const { revision, origin, location, refused } = JSON.parse(text) as Record<string, unknown>;
    const fields = Object.entries({ revision, origin, location, refused });
    return Object.fromEntries(fields.filter(([, value]) => typeof value === "string"));
  } catch (thrown) {
    throw new SignetError("store.corrupt", `Cannot use ${path}: it holds ${quote(text)}`, {
      cause: thrown,
    });
  }
}

/** True while a server holds the state directory's lock; the question takes a shared lock for a moment. */
async function isServed(directory: string): Promise<boolean> {
  try {
    using file = await Deno.open(`${directory}/lock`, { read: true });
    return !await file.tryLock(false);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw failed("look at", `${directory}/lock`, thrown);
  }
}

/** Waits for the lock of those who change the current set. @throws {SignetError} `store.locked`, `store.write_failed`. */
export async function takeWriteLock(directory: string): Promise<Disposable> {
  const path = `${directory}/${WRITE_LOCK_FILE}`;
  const file = await Deno.open(path, { create: true, write: true, mode: FILE_MODE }).catch(
    (thrown) => {
      throw failed("open", path, thrown);
    },
  );
  for (let waitedMs = 0; !await file.tryLock(true); waitedMs += LOCK_RETRY_MS) {
    if (waitedMs >= LOCK_TIMEOUT_MS) {
      file.close();
      throw new SignetError(
        "store.locked",
        `Cannot change CA: another process has held ${path} for ${LOCK_TIMEOUT_MS} ms; see whether it hangs`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
  return { [Symbol.dispose]: () => file.close() };
}

function failed(verb: string, path: string, cause: unknown): SignetError {
  return new SignetError("store.write_failed", `Cannot ${verb} ${path}: ${reasonOf(cause)}`, {
    cause,
  });
}
