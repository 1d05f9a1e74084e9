/** One line for a user's mistake, and the exit code that goes with it: 2 for usage and configuration, 1 for all else. */
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** A wrong command line. */
export function usageError(faults: readonly string[], command: string): SignetError {
  return new SignetError("commands.usage", `Cannot run signet ${command}: ${faults.join("; ")}`);
}

/** What a command that threw prints, and its exit code. */
export function describeFailure(thrown: unknown): { readonly line: string; readonly code: number } {
  const usage = isSignetError(
    thrown,
    "commands.usage",
    "config.bad_flag",
    "config.bad_value",
    "kube.bad_config",
    "tls.bad_options",
  );
  return {
    line: `signet: ${messageOf(thrown).replaceAll(/\s*\n\s*/g, " ")}`,
    code: usage ? EXIT.usage : EXIT.failed,
  };
}
