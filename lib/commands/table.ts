/** Every command. Help, shell completion and the manual are made from this list; a new command is one more line. */
import { caRotateCommand } from "./ca_rotate.ts";
import { caStatusCommand } from "./ca_status.ts";
import { certInspectCommand } from "./cert_inspect.ts";
import { certRequestCommand } from "./cert_request.ts";
import { certVerifyCommand } from "./cert_verify.ts";
import { checkCommand } from "./check.ts";
import { completionCommand } from "./completion.ts";
import { discoveryCommand } from "./discovery.ts";
import { dnsQueryCommand } from "./dns_query.ts";
import { explainCommand } from "./explain.ts";
import { issueCommand } from "./issue.ts";
import type { Command } from "./port.ts";
import { requestCommand } from "./request.ts";
import { tokenCreateCommand, tokenListCommand, tokenRevokeCommand } from "./token.ts";
import { versionCommand } from "./version.ts";

/** The commands; the first is what `signet` alone does. */
export const COMMANDS: readonly Command[] = [
  discoveryCommand,
  checkCommand,
  caStatusCommand,
  caRotateCommand,
  issueCommand,
  certInspectCommand,
  certVerifyCommand,
  certRequestCommand,
  tokenCreateCommand,
  tokenListCommand,
  tokenRevokeCommand,
  explainCommand,
  dnsQueryCommand,
  requestCommand,
  completionCommand,
  versionCommand,
];
