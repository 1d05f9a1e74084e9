/**
 * Where log lines go: standard output, standard error, files. Lines of one turn of the event loop are written at once.
 *
 * A reader that is too slow or gone must not stop the server: what does not fit into the buffer is dropped and counted.
 */
import { messageOf, SignetError } from "../base/mod.ts";

/** Bytes that wait for a slow reader; more are dropped by whole lines. */
const MAX_BUFFERED_BYTES = 4 << 20;
const NEWLINE = 0x0a;

/** A place for lines. Disposing it writes what waits and closes its files; later lines are dropped. */
export interface LineSink extends Disposable {
  /** Takes a line without its newline; it is written soon. */
  write(line: string): void;
  /** Writes what waits, now. */
  flush(): void;
  /** Lines dropped so far. */
  dropped(): number;
}

interface Target {
  writeSync(bytes: Uint8Array): number;
  /** Files are closed, the process's own streams are not. */
  readonly file?: Disposable;
}

/**
 * Opens targets: `stdout`, `stderr`, or paths of files to append to.
 *
 * @throws {SignetError} `config.unreadable` when a file cannot be opened.
 */
export function openSink(targets: readonly string[]): LineSink {
  return batch(targets.map(openTarget));
}

function openTarget(name: string): Target {
  if (name === "stdout") return Deno.stdout;
  if (name === "stderr") return Deno.stderr;
  try {
    const file = Deno.openSync(name, { append: true, create: true, mode: 0o640 });
    return { writeSync: (bytes) => file.writeSync(bytes), file };
  } catch (cause) {
    throw new SignetError(
      "config.unreadable",
      `Cannot open log file ${name} (--log_target): ${messageOf(cause)}; give a writable path`,
      { cause },
    );
  }
}

function batch(targets: readonly Target[]): LineSink {
  const encoder = new TextEncoder();
  let waiting: string[] = [];
  let waitingChars = 0;
  let scheduled: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let dropped = 0;
  const rests = targets.map((): Uint8Array => new Uint8Array(0));

  const flush = () => {
    clearTimeout(scheduled);
    scheduled = undefined;
    const bytes = encoder.encode(waiting.length === 0 ? "" : `${waiting.join("\n")}\n`);
    waiting = [];
    waitingChars = 0;
    targets.forEach((target, index) => {
      const { rest, lost } = drain(target, rests[index]!, bytes);
      rests[index] = rest;
      dropped += lost;
    });
  };

  return {
    write(line) {
      if (
        closed || waitingChars + line.length > MAX_BUFFERED_BYTES ||
        rests.some((rest) => rest.length > MAX_BUFFERED_BYTES)
      ) {
        dropped++;
        return;
      }
      waiting.push(line);
      waitingChars += line.length;
      scheduled ??= setTimeout(flush, 0);
    },
    flush,
    dropped: () => dropped,
    [Symbol.dispose]() {
      flush();
      closed = true;
      for (const { file } of targets) file?.[Symbol.dispose]();
    },
  };
}

/** Writes as much as the target takes; returns what it did not, and how many lines are lost: a target that is gone takes none. */
function drain(
  target: Target,
  rest: Uint8Array,
  bytes: Uint8Array,
): { readonly rest: Uint8Array; readonly lost: number } {
  let pending = bytes;
  if (rest.length > 0) {
    pending = new Uint8Array(rest.length + bytes.length);
    pending.set(rest);
    pending.set(bytes, rest.length);
  }
  try {
    while (pending.length > 0) pending = pending.subarray(target.writeSync(pending));
    return { rest: pending, lost: 0 };
  } catch (thrown) {
    // A full pipe keeps the rest for the next turn; a closed one (or a full disk) is not worth ending a CA for.
    if (thrown instanceof Deno.errors.WouldBlock) return { rest: pending.slice(), lost: 0 };
    const lost = pending.reduce((lines, byte) => byte === NEWLINE ? lines + 1 : lines, 0);
    return { rest: new Uint8Array(0), lost };
  }
}
