/** The phases of `deno task test`: the only list of what is run, with which Deno and which permissions. */

/** One phase: a run of `deno test`, or a program that counts as one test. */
export type Phase = TestPhase | ProgramPhase;

/** A run of `deno test`. */
export interface TestPhase {
  /** What the command line calls it; `deno task test unit` runs every phase whose name starts so. */
  readonly name: string;
  /** Marks a run of `deno test`. */
  readonly kind: "tests";
  /** Options of `deno test`: what the tests may do, and whether their types are checked, which `static check` does for all files. */
  readonly options: readonly string[];
  /** Files and folders of tests. */
  readonly paths: readonly string[];
  /** Files and folders below `paths` that another phase runs. */
  readonly without?: readonly string[];
  /** Another Deno than the pinned one. */
  readonly deno?: string;
  /** True when real peers are wanted. */
  readonly peers?: boolean;
  /** What the tests start instead of the source: `dist/signet`, or the bundle that it is made of. */
  readonly program?: "executable" | "bundle";
  /**
   * How many test files run side by side: one a core, where tests compute; one more than that, where they wait for other programs; one
   * after the other, where a test loads the machine by itself.
   */
  readonly sideBySide: "computing" | "waiting" | "alone";
  /** Files with a `longTestWithPeers`, which load, kill or soak: these alone, or all others. Default: every file. */
  readonly longRows?: "only" | "without";
}

/** A program whose exit code is the verdict. */
export interface ProgramPhase {
  /** See {@linkcode TestPhase.name}. */
  readonly name: string;
  /** Marks a program. */
  readonly kind: "program";
  /** Arguments of Deno. */
  readonly args: readonly string[];
  /** Another Deno than the pinned one. */
  readonly deno?: string;
  /** True when it makes the executable: when it fails, the phases that test that are not run. */
  readonly compiles?: boolean;
  /** What its output says when something could not be downloaded: a loud skip on a laptop, a failure in CI. */
  readonly offline?: RegExp;
}

/** The other Deno that everything must work on, so that the pin can move. */
export const NEXT_DENO = "2.9.8";

/** Unit tests open no socket and write nothing. */
const UNIT = {
  kind: "tests",
  options: ["--no-check", "--allow-read", "--allow-ffi", "--allow-env", "--allow-sys=hostname"],
  paths: ["tests/unit"],
  sideBySide: "computing",
} as const;
const INTEGRATION = {
  kind: "tests",
  // Deno reads /proc, where the memory of a server under test stands, only with all of them.
  options: ["--no-check", "--allow-all"],
  paths: ["tests/integration", "tests/conformance"],
  sideBySide: "waiting",
  peers: true,
} as const;

/**
 * Tests of a command's words, and of bytes, files and documents that are the same whatever runs signet. They start it again and again for
 * a line each, and run once, on the executable, which may read and write less than the others. Whatever opens a socket to be talked to
 * does not belong here.
 */
export const ONCE = [
  "tests/integration/cert_commands",
  "tests/integration/completion",
  "tests/integration/dns_over_tls/query_command_test.ts",
  "tests/integration/explain",
  "tests/integration/helm",
  "tests/integration/lifecycle/refused_start_test.ts",
  "tests/integration/linters/server_test.ts",
  "tests/integration/man",
  "tests/integration/output",
  "tests/integration/systemd",
] as const;
/**
 * Tests that start no signet: they call a room with real files, sockets and peers around it, in the test's own process. They run on both
 * versions; beside the executable they would be the same test on the same Deno once more.
 */
export const IN_PROCESS = [
  "tests/integration/dns_upstream/odd_resolver_test.ts",
  "tests/integration/dns_upstream/unbound_test.ts",
  "tests/integration/istio",
  "tests/integration/istiod_behaviour/tables_test.ts",
  "tests/integration/join_token/silent_server_test.ts",
  "tests/integration/linters/everything_test.ts",
  "tests/integration/kubernetes/client_test.ts",
  "tests/integration/plugged_in_ca/load_test.ts",
  "tests/integration/plugged_in_ca/reload_test.ts",
  "tests/integration/registry",
  "tests/integration/server_cert",
  "tests/integration/state_directory",
] as const;
/**
 * What runs from source, on the pinned Deno: clients that nobody here wrote, the life of the process, and what starts no signet. The
 * executable runs everything else on that Deno, and the bundle everything on the other.
 */
export const FROM_SOURCE = [
  "tests/conformance",
  "tests/integration/client_certificates",
  "tests/integration/connect",
  "tests/integration/curl",
  "tests/integration/dns_over_tls/kdig_test.ts",
  "tests/integration/go_spiffe",
  "tests/integration/grpc_go",
  "tests/integration/grpcurl",
  "tests/integration/h2load",
  "tests/integration/lifecycle/stop_test.ts",
  "tests/integration/openssl",
  "tests/integration/opentelemetry",
  "tests/integration/own_certificate",
  "tests/integration/pilot_agent",
  "tests/integration/python",
  "tests/integration/sidecar",
  "tests/integration/transport",
  ...IN_PROCESS,
] as const;

/** All phases in order. */
export const PHASES: readonly Phase[] = [
  { name: "static check", kind: "program", args: ["check"] },
  { name: `static check ${NEXT_DENO}`, kind: "program", args: ["check"], deno: NEXT_DENO },
  { name: "static fmt", kind: "program", args: ["fmt", "--check"] },
  { name: "static lint", kind: "program", args: ["lint"] },
  { name: "static docs", kind: "program", args: ["task", "--quiet", "doc:lint"] },
  { name: "static readme", kind: "program", args: ["task", "--quiet", "readme", "--check"] },
  {
    name: "executable compile",
    kind: "program",
    args: ["task", "--quiet", "compile"],
    compiles: true,
    offline: /error sending request for url \(.*denort-/,
  },
  { ...UNIT, name: "unit" },
  { ...UNIT, name: `unit ${NEXT_DENO}`, deno: NEXT_DENO },
  {
    name: "snippets",
    kind: "tests",
    options: ["--allow-all", "--doc"],
    paths: ["lib"],
    sideBySide: "computing",
  },
  { ...INTEGRATION, name: "integration", paths: FROM_SOURCE },
  {
    ...INTEGRATION,
    name: `integration ${NEXT_DENO}`,
    deno: NEXT_DENO,
    program: "bundle",
    without: ONCE,
  },
  {
    ...INTEGRATION,
    name: "executable",
    program: "executable",
    without: IN_PROCESS,
    longRows: "without",
  },
  {
    ...INTEGRATION,
    name: "executable load",
    program: "executable",
    longRows: "only",
    sideBySide: "alone",
  },
];
