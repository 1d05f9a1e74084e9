/**
 * The verbs of the command line.
 *
 * @example What a wrong command line looks like
 * ```ts
 * import { describeFailure } from "signet/commands/mod.ts";
 *
 * if (describeFailure(new TypeError("x")).code !== 1) throw new TypeError("All but usage exits 1");
 * ```
 *
 * @module
 */
export { describeFailure, EXIT } from "./errors.ts";
export { EXIT_CODES_TEXT, SERVER_OPTIONS_TEXT } from "./help.ts";
export {
  type Command,
  COMMAND_GROUPS,
  type CommandGroup,
  type CommandHost,
  type Example,
  type Operand,
  type Program,
} from "./port.ts";
export { runProgram } from "./program.ts";
export { COMMANDS } from "./table.ts";
export { type RunningServer, type ServerParts, serving } from "./serving.ts";
export {
  createSystem,
  type Host,
  type HttpPorts,
  type OpenedSystem,
  type System,
} from "./system.ts";
export type { ServerCluster } from "./cluster.ts";
