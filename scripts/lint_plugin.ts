/**
 * Signet's own lint rules: who may import whom, where I/O lives, and that errors have codes. The table below is the only copy.
 *
 * A room is a folder of `lib/`. Rules look at `lib/` alone; tests may import the file that they test.
 */

/** What each room may import, beside itself. Lower layers first; a room that is not here needs an ADR. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  // 1: formats
  asn1: ["base"],
  http2: ["base"],
  x509: ["base", "asn1"],
  spiffe: ["base", "x509"],
  istio: ["base"],
  // 2: the outside world
  crypto: ["base", "asn1", "x509"],
  store: ["base"],
  config: ["base", "spiffe"],
  telemetry: ["base"],
  tls: ["base", "spiffe", "x509"],
  // 3: domain; of crypto and telemetry the ports, digests, random bytes and the names of events
  authn: ["base"],
  ca: ["base", "x509", "crypto", "store", "telemetry"],
  server_cert: ["base", "x509", "ca", "crypto", "telemetry", "tls"],
  registry: ["base", "istio", "telemetry"],
  // 4: edges
  transport: ["base", "http2", "telemetry", "tls"],
  grpc: ["base", "http2", "crypto", "telemetry", "tls", "authn", "ca", "server_cert", "transport"],
  dns: ["base", "telemetry", "tls", "server_cert", "registry"],
  // 5: the command line
  commands: [
    ...["base", "spiffe", "x509", "config", "crypto", "store", "telemetry", "ca", "server_cert"],
    ...["grpc", "transport"],
  ],
};

/** Rooms whose every file is pure: no clock, randomness, timers, files or network. */
const PURE_ROOMS = ["asn1", "http2", "x509", "spiffe", "istio"];
/** The one room that may import generated protobuf code, beside tests. */
const PROTO_ROOM = "grpc";
const LIB_FILE_REGEXP = /\/lib\/([a-z0-9_]+)\/(.+)$/;
const ERROR_NAMES = ["Error"];

interface Place {
  readonly room: string;
  readonly path: readonly string[];
}

function placeOf(filename: string): Place | undefined {
  const [, room, path] = LIB_FILE_REGEXP.exec(filename.replaceAll("\\", "/")) ?? [];
  return room === undefined || path === undefined ? undefined : { room, path: path.split("/") };
}

/** Why `specifier` may not be imported by the file at `filename`; undefined when it may. */
export function importFault(filename: string, specifier: string): string | undefined {
  const place = placeOf(filename);
  if (place === undefined || !specifier.startsWith(".")) return undefined;
  const from = ["lib", place.room, ...place.path.slice(0, -1)];
  for (const part of specifier.split("/")) {
    if (part === "..") from.pop();
    else if (part !== ".") from.push(part);
  }
  const [top, room = "", ...rest] = from;
  if (top === "proto") {
    return place.room === PROTO_ROOM
      ? undefined
      : `${place.room} may not import generated code: only ${PROTO_ROOM} does`;
  }
  if (top !== "lib") return `${place.room} may not import ${from.join("/")}: it is not in lib`;
  if (room === place.room) return undefined;
  const allowed = MAY_IMPORT[place.room];
  if (allowed === undefined) {
    return `room ${place.room} is not in the table of scripts/lint_plugin.ts`;
  }
  if (!allowed.includes(room)) return `${place.room} may not import ${room}`;
  if (rest.join("/") !== "mod.ts") {
    return `room ${room} is entered by its mod.ts, not by ${rest.join("/")}`;
  }
  return undefined;
}

const rooms: Deno.lint.Rule = {
  create(context) {
    const check = (
      node: Deno.lint.Node,
      source: { readonly value: unknown } | null | undefined,
    ) => {
      const message = importFault(context.filename, String(source?.value ?? ""));
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
    };
  },
};

const errorsHaveCodes: Deno.lint.Rule = {
  create(context) {
    if (placeOf(context.filename) === undefined) return {};
    return {
      NewExpression(node) {
        if (node.callee.type !== "Identifier" || !ERROR_NAMES.includes(node.callee.name)) return;
        context.report({
          node,
          message: "throw a SignetError with a code, or TypeError or RangeError for misuse",
        });
      },
    };
  },
};

const GLOBALS = ["Deno", "fetch", "setTimeout", "setInterval", "queueMicrotask"];

const pureRooms: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined || !PURE_ROOMS.includes(place.room)) return {};
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({ node, message: `${place.room} is pure: ${what} is handed in, not taken` });
    return {
      CallExpression({ callee }) {
        if (callee.type === "Identifier" && GLOBALS.includes(callee.name)) {
          report(callee, callee.name);
        }
      },
      MemberExpression(node) {
        const { object, property } = node;
        if (object.type !== "Identifier" || property.type !== "Identifier") return;
        const name = `${object.name}.${property.name}`;
        const isClock = name === "Date.now" || name === "performance.now" || name === "Math.random";
        if (object.name === "Deno" || isClock || name === "crypto.getRandomValues") {
          report(node, name);
        }
      },
      ImportDeclaration(node) {
        if (
          /^node:(fs|net|tls|http|https|http2|dgram|child_process)/.test(String(node.source.value))
        ) {
          report(node, String(node.source.value));
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "signet",
  rules: { "rooms": rooms, "errors-have-codes": errorsHaveCodes, "pure-rooms": pureRooms },
};
/** Deno takes a plugin by its default export. */
export default plugin;
