/**
 * Lint rules about the outside world: I/O lives in files whose names say so, and time and randomness are handed in.
 *
 * Pure rooms may do neither anywhere; the other rooms may in the files below.
 */
import { fileOf, type Place, placeOf } from "./lint_place.ts";

/** Files that touch the outside world say so by their name, in every room that is not pure. */
const IO_FILES = ["listen.ts", "client.ts", "file.ts", "watch.ts"];
/** The others, each with its reason. */
const OTHER_IO_FILES: Readonly<Record<string, string>> = {
  "base/clock.ts": "the one clock",
  "crypto/random.ts": "the one source of randomness",
  "crypto/openssl_library.ts": "opens libcrypto",
  "telemetry/sink.ts": "writes the log",
  "commands/program.ts": "the process: arguments, environment, standard streams",
  "commands/system.ts": "makes the outside world of a server",
  "commands/signals.ts": "waits for signals",
  "commands/serving.ts": "asks how it was started, to print the next command",
  "commands/request.ts": "is one HTTP call",
  "commands/issue.ts": "resolves the state directory",
  "commands/ca_files.ts": "waits for a running server",
  "commands/key_files.ts": "the files that a certificate is written to",
  "store/sqlite_file.ts": "opens the database",
  "store/sqlite_header.ts": "reads its first page without opening it",
  "store/sqlite_tokens.ts": "runs its statements",
};
/** What `Deno` has that is no I/O. */
const DENO_FACTS = ["errors", "version", "build", "UnsafePointer", "UnsafePointerView"];
const IO_GLOBALS = ["fetch", "setTimeout", "setInterval"];
/** What a pure room may not even do by the event loop. */
const PURE_GLOBALS = [...IO_GLOBALS, "queueMicrotask"];
const IO_MODULES_REGEXP =
  /^node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|sqlite)\b/;
/** Time and randomness, by `object.property`. */
const AMBIENT = [
  ...["Date.now", "performance.now", "performance.timeOrigin", "Math.random"],
  ...["crypto.getRandomValues", "crypto.randomUUID"],
];
const AMBIENT_FILES = ["base/clock.ts", "crypto/random.ts"];

function isIoFile(place: Place): boolean {
  return IO_FILES.includes(place.path.at(-1) ?? "") || Object.hasOwn(OTHER_IO_FILES, fileOf(place));
}

/** I/O in named files alone; in a pure room in none. */
export const ioFiles = (pureRooms: readonly string[]): Deno.lint.Rule => ({
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined) return {};
    const isPure = pureRooms.includes(place.room);
    if (!isPure && isIoFile(place)) return {};
    const globals = isPure ? PURE_GLOBALS : IO_GLOBALS;
    const where = isPure
      ? `${place.room} is pure`
      : `I/O lives in ${IO_FILES.join(", ")} and the files of scripts/lint_io.ts`;
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({ node, message: `${where}: ${what} is handed in, not taken` });
    return {
      CallExpression({ callee }) {
        if (callee.type === "Identifier" && globals.includes(callee.name)) {
          report(callee, callee.name);
        }
      },
      MemberExpression(node) {
        const { object, property } = node;
        if (object.type !== "Identifier" || object.name !== "Deno") return;
        const name = property.type === "Identifier" ? property.name : "it";
        if (!DENO_FACTS.includes(name)) report(node, `Deno.${name}`);
      },
      ImportDeclaration(node) {
        const module = String(node.source.value);
        if (node.importKind !== "type" && IO_MODULES_REGEXP.test(module)) report(node, module);
      },
    };
  },
});

/** No file but the clock's and the randomness's reads either. */
export const handedIn: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined) return {};
    if (AMBIENT_FILES.includes(fileOf(place))) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({ node, message: `time and randomness are handed in: ${what} is not taken` });
    return {
      MemberExpression(node) {
        const { object, property } = node;
        if (object.type !== "Identifier" || property.type !== "Identifier") return;
        const name = `${object.name}.${property.name}`;
        if (AMBIENT.includes(name)) report(node, name);
      },
      NewExpression(node) {
        const isDate = node.callee.type === "Identifier" && node.callee.name === "Date";
        if (isDate && node.arguments.length === 0) report(node, "new Date()");
      },
    };
  },
};
