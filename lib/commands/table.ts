/** Every command. Help, shell completion and the manual are made from this list; a new command is one more line. */
import { certInspectCommand } from "./cert_inspect.ts";
import { certRequestCommand } from "./cert_request.ts";
import { certVerifyCommand } from "./cert_verify.ts";
import { completionCommand } from "./completion.ts";
import { discoveryCommand } from "./discovery.ts";
import { issueCommand } from "./issue.ts";
import type { Command } from "./port.ts";
import { requestCommand } from "./request.ts";
import { tokenCreateCommand, tokenListCommand, tokenRevokeCommand } from "./token.ts";
import { versionCommand } from "./version.ts";

/** The commands; the first is what `signet` alone does. */
export const COMMANDS: readonly Command[] = [
  discoveryCommand,
  issueCommand,
  certInspectCommand,
  certVerifyCommand,
  certRequestCommand,
  tokenCreateCommand,
  tokenListCommand,
  tokenRevokeCommand,
  requestCommand,
  completionCommand,
  versionCommand,
];
