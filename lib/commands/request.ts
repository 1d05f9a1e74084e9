/** `signet request METHOD PATH [BODY]`: an HTTP call to the monitoring port on this machine, as istiod's command of that name. */
import { messageOf, readText, SignetError } from "../base/mod.ts";
import { textOption } from "../config/mod.ts";
import { readCommandLine } from "./arguments.ts";
import { EXIT } from "./errors.ts";
import type { Command } from "./port.ts";

const TIMEOUT_MS = 60_000;
/** A page of metrics is some hundred kilobytes. */
const MAX_BODY_BYTES = 64 << 20;

const OPTIONS = {
  addr: textOption({
    flag: "addr",
    fallback: "127.0.0.1:15014",
    help: "host:port of the monitoring port",
  }),
};

/** The command. */
export const requestCommand: Command = {
  name: "request",
  group: "tools",
  summary: "an HTTP call to the monitoring port on this machine",
  usage: "request METHOD PATH [BODY]",
  text: "Prints the answer's body. An answer with a status of 400 or more is a failure.",
  options: OPTIONS,
  operands: [
    { name: "METHOD", kind: ["GET", "POST", "PUT", "DELETE"] },
    { name: "PATH", kind: "text" },
    { name: "BODY", kind: "text", isOptional: true },
  ],
  examples: [{ what: "the metrics of a running server", line: "signet request GET /metrics" }],
  async run(args, host) {
    const { values, positionals } = readCommandLine(requestCommand, args, {
      host,
      options: OPTIONS,
    });
    const [method, path, body] = positionals;
    const url = `http://${values.addr}/${path!.replace(/^\//, "")}`;
    const { status, text } = await call(url, {
      method: method!.toUpperCase(),
      ...(body === undefined ? {} : { body }),
    });
    if (text !== "") host.print(text.trimEnd());
    if (status < 400) return EXIT.done;
    throw new SignetError(
      "commands.failed",
      `Cannot ${method} ${url}: the server answered ${status}`,
    );
  },
};

async function call(
  url: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return {
      status: response.status,
      text: await readText(response.body, { maxBytes: MAX_BODY_BYTES }),
    };
  } catch (cause) {
    throw new SignetError(
      "commands.failed",
      `Cannot call ${url}: ${messageOf(cause)}; is a server running there?`,
      { cause },
    );
  }
}
