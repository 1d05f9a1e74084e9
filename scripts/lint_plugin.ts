/**
 * Signet's own lint rules: who may import whom, where I/O lives, what errors look like, how long things are. The tables are the only copies.
 *
 * A room is a folder of `lib/`. Rules look at `lib/` alone, but for the lengths; tests may import the file that they test.
 */
import { errorsHaveCodes, messageForm } from "./lint_errors.ts";
import { handedIn, ioFiles } from "./lint_io.ts";
import { placeOf } from "./lint_place.ts";
import { fileLength, functionLength } from "./lint_sizes.ts";

/** What each room may import, beside itself. Lower layers first; a room that is not here needs an ADR. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  // 1: formats
  asn1: ["base"],
  http2: ["base"],
  x509: ["base", "asn1"],
  spiffe: ["base", "x509"],
  istio: ["base"],
  template: ["base"],
  // 2: the outside world
  crypto: ["base", "asn1", "x509"],
  store: ["base"],
  telemetry: ["base"],
  tls: ["base", "spiffe", "x509"],
  kube: ["base", "store"],
  config: ["base", "spiffe", "kube"],
  // 3: domain; of crypto and telemetry the ports, digests, random bytes and the names of events
  authn: ["base", "spiffe", "crypto", "store", "telemetry", "kube"],
  ca: ["base", "x509", "crypto", "store", "telemetry"],
  limits: ["base"],
  server_cert: ["base", "x509", "ca", "crypto", "telemetry", "tls"],
  registry: ["base", "istio", "telemetry", "kube"],
  mesh: ["base", "istio", "registry"],
  envoy: ["base", "istio", "mesh"],
  xds: [
    ...["base", "spiffe", "crypto", "telemetry", "authn", "limits", "registry", "mesh", "envoy"],
  ],
  inject: ["base", "template", "kube", "telemetry"],
  distribution: ["base", "ca", "kube", "telemetry"],
  // 4: edges
  transport: ["base", "http2", "telemetry", "tls"],
  grpc: [
    ...["base", "http2", "crypto", "telemetry", "tls", "authn", "ca", "limits", "server_cert"],
    ...["transport", "xds"],
  ],
  dns: [
    ...["base", "spiffe", "crypto", "telemetry", "tls", "server_cert", "registry", "transport"],
  ],
  webhook: [
    ...["base", "istio", "telemetry", "tls", "kube", "inject", "server_cert", "transport"],
  ],
  // 5: the command line
  commands: [
    ...["base", "spiffe", "x509", "config", "crypto", "store", "telemetry", "tls", "authn", "ca"],
    ...["server_cert", "registry", "xds", "grpc", "dns", "transport", "kube", "webhook", "inject"],
  ],
};

/** Rooms whose every file is pure: no clock, randomness, timers, files or network. */
const PURE_ROOMS = [
  "asn1",
  "http2",
  "limits",
  "x509",
  "spiffe",
  "istio",
  "mesh",
  "envoy",
  "template",
];
/** The rooms that may import generated protobuf code, beside tests. */
const PROTO_ROOMS = ["grpc", "envoy"];
/** Names that say nothing of what a file does. */
const EMPTY_NAMES = ["util", "utils", "common", "helper", "helpers", "misc", "types"];

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
    return PROTO_ROOMS.includes(place.room)
      ? undefined
      : `${place.room} may not import generated code: only ${PROTO_ROOMS.join(" and ")} do`;
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
      ImportExpression: (node) =>
        check(node, node.source.type === "Literal" ? { value: node.source.value } : undefined),
    };
  },
};

/** A file is named for what it does, and exports by name. */
const names: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined) return {};
    return {
      Program(node) {
        const empty = [place.room, ...place.path].map((part) => part.replace(/\.ts$/, ""))
          .find((part) => EMPTY_NAMES.includes(part));
        if (empty !== undefined) {
          context.report({ node, message: `name the step that it does, not ${empty}` });
        }
      },
      ExportDefaultDeclaration(node) {
        context.report({ node, message: "exports have names" });
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "signet",
  rules: {
    "rooms": rooms,
    "names": names,
    "io-files": ioFiles(PURE_ROOMS),
    "handed-in": handedIn,
    "errors-have-codes": errorsHaveCodes,
    "message-form": messageForm,
    "file-length": fileLength,
    "function-length": functionLength,
  },
};
/** Deno takes a plugin by its default export. */
export default plugin;
