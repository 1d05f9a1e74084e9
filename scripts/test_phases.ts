/** The phases of `deno task test`: the only list of what is run, with which Deno and which permissions. */

/** One phase: a run of `deno test`, or a program that counts as one test. */
export type Phase = TestPhase | ProgramPhase;

/** A run of `deno test`. */
export interface TestPhase {
  /** What the command line calls it; `deno task test unit` runs every phase whose name starts so. */
  readonly name: string;
  /** Marks a run of `deno test`. */
  readonly kind: "tests";
  /** Arguments of `deno test`: permissions, then paths. */
  readonly args: readonly string[];
  /** Another Deno than the pinned one. */
  readonly deno?: string;
  /** True when real peers are wanted. */
  readonly peers?: boolean;
  /** True when the tests start `dist/signet` instead of the source. */
  readonly executable?: boolean;
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
  /** True when later phases depend on it: when it fails they are not run. */
  readonly essential?: boolean;
  /** What its output says when something could not be downloaded: a loud skip on a laptop, a failure in CI. */
  readonly offline?: RegExp;
}

/** The other Deno that everything must work on, so that the pin can move. */
export const NEXT_DENO = "2.9.8";

/** Unit tests open no socket and write nothing. */
const UNIT = ["--allow-read", "--allow-ffi", "--allow-env", "--allow-sys=hostname", "tests/unit"];
/** Deno reads /proc, where the memory of a server under test stands, only with this. */
const EVERYTHING = ["--allow-all"];
const INTEGRATION = [...EVERYTHING, "tests/integration", "tests/conformance"];

/** All phases in order. */
export const PHASES: readonly Phase[] = [
  { name: "static fmt", kind: "program", args: ["fmt", "--check"] },
  { name: "static lint", kind: "program", args: ["lint"] },
  { name: "static check", kind: "program", args: ["check"] },
  { name: `static check ${NEXT_DENO}`, kind: "program", args: ["check"], deno: NEXT_DENO },
  { name: "static docs", kind: "program", args: ["task", "--quiet", "doc:lint"] },
  { name: "static readme", kind: "program", args: ["task", "--quiet", "readme", "--check"] },
  { name: "unit", kind: "tests", args: UNIT },
  { name: `unit ${NEXT_DENO}`, kind: "tests", args: UNIT, deno: NEXT_DENO },
  { name: "snippets", kind: "tests", args: [...EVERYTHING, "--doc", "lib"] },
  { name: "integration", kind: "tests", args: INTEGRATION, peers: true },
  {
    name: `integration ${NEXT_DENO}`,
    kind: "tests",
    args: INTEGRATION,
    deno: NEXT_DENO,
    peers: true,
  },
  {
    name: "executable compile",
    kind: "program",
    args: ["task", "--quiet", "compile"],
    essential: true,
    offline: /error sending request for url \(.*denort-/,
  },
  { name: "executable", kind: "tests", args: INTEGRATION, peers: true, executable: true },
];
