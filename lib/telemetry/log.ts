/**
 * The logger: scopes with levels, one line a record, as text in istiod's columns or as JSON.
 *
 * A record costs one string. Strings from outside are escaped, so that no input makes a second line. Floods are cut for each event and
 * second, audit records never.
 */
import { type Clock, isSignetError, messageOf } from "../base/mod.ts";
import { createLogLevels, type LogLevels, RANK } from "./log_levels.ts";
import { EVENT } from "./names.ts";
import type { LogFields, Logger, LogLevel } from "./port.ts";

/** Records of one event and scope in one second; audit records are exempt. */
const MAX_RECORDS_A_SECOND = 50;
/** The scope whose records are never suppressed. */
const AUDIT_SCOPE = "audit";
/** Longest chain of causes that is written. */
const MAX_CAUSES = 5;

/** Settings of the log. */
export interface LogConfig {
  /** Level of each scope; `default` for the rest. */
  readonly levels: Readonly<Record<string, LogLevel>>;
  /** JSON lines instead of text. */
  readonly json: boolean;
}

/** Takes finished lines, without their newline. */
export type LogSink = (line: string) => void;

type Level = Exclude<LogLevel, "none">;

interface Flood {
  second: number;
  written: number;
  suppressed: number;
}

/** Makes the logger of scope `default`; `options.levels` are those that can be changed later. */
export function createLogger(
  config: LogConfig,
  options: { readonly clock: Clock; readonly sink: LogSink; readonly levels?: LogLevels },
): Logger {
  const levels = options.levels ?? createLogLevels(config.levels);
  const floods = new Map<string, Flood>();
  const format = config.json ? formatJson : formatText;
  const timeText = createTimeText();

  const scoped = (scope: string): Logger => {
    const place = levels.place(scope);
    const write = (level: Level, event: string, message: string, fields: LogFields = {}) => {
      if (RANK[level] > place.rank) return;
      const nowMs = options.clock.nowMs();
      if (
        scope !== AUDIT_SCOPE && floodsOver(floods, `${scope}/${event}`, nowMs, (suppressed) => {
          options.sink(
            format({
              time: timeText(nowMs),
              level: "warn",
              scope,
              event: EVENT.eventsSuppressed,
              message: "Suppressed records",
              fields: { of: event, suppressed },
            }),
          );
        })
      ) return;
      options.sink(format({ time: timeText(nowMs), level, scope, event, message, fields }));
    };
    return {
      scoped,
      enabled: (level) => RANK[level] <= place.rank,
      debug: (event, message, fields) => write("debug", event, message, fields),
      info: (event, message, fields) => write("info", event, message, fields),
      warn: (event, message, fields) => write("warn", event, message, fields),
      error: (event, message, fields, thrown) =>
        write(
          "error",
          event,
          message,
          thrown === undefined ? fields : { ...fields, ...describeThrown(thrown) },
        ),
    };
  };
  return scoped("default");
}

/** True when the event has had its share of this second; tells once, in a later second, how many were left out. */
function floodsOver(
  floods: Map<string, Flood>,
  key: string,
  nowMs: number,
  tell: (suppressed: number) => void,
): boolean {
  const second = Math.floor(nowMs / 1000);
  let flood = floods.get(key);
  if (flood === undefined) floods.set(key, flood = { second, written: 0, suppressed: 0 });
  if (flood.second !== second) {
    if (flood.suppressed > 0) tell(flood.suppressed);
    flood.second = second;
    flood.written = flood.suppressed = 0;
  }
  if (flood.written < MAX_RECORDS_A_SECOND) {
    flood.written++;
    return false;
  }
  flood.suppressed++;
  return true;
}

/** Code, message and chain of causes of what was thrown. */
function describeThrown(thrown: unknown): LogFields {
  const causes: string[] = [];
  for (
    let cause = thrown;
    cause instanceof Error && causes.length < MAX_CAUSES;
    cause = cause.cause
  ) causes.push(cause.message);
  return {
    error: messageOf(thrown),
    "error.code": isSignetError(thrown) ? thrown.code : undefined,
    causes: causes.length > 1 ? causes.slice(1) : undefined,
    stack: isSignetError(thrown) || !(thrown instanceof Error) ? undefined : thrown.stack,
  };
}

/** Texts of times; the records of one millisecond share one. */
function createTimeText(): (ms: number) => string {
  let lastMs = Number.NaN;
  let lastText = "";
  return (ms) => {
    if (ms !== lastMs) {
      lastText = new Date(ms).toISOString();
      lastMs = ms;
    }
    return lastText;
  };
}

interface LogRecord {
  readonly time: string;
  readonly level: Level;
  readonly scope: string;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

function formatJson({ time, level, scope, event, message, fields }: LogRecord): string {
  return quoted({
    level,
    time,
    scope,
    event,
    msg: message,
    ...fields,
  });
}

function formatText({ time, level, scope, event, message, fields }: LogRecord): string {
  const text = UNSAFE_REGEXP.test(message) ? formatValue(message) : message;
  let line = `${time}\t${level}\t${scope}\t${text}\tevent=${event}`;
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) line += ` ${name}=${formatValue(value)}`;
  }
  return line;
}

const PLAIN_REGEXP = /^[!#-\[\]-~]+$/;

/** What a terminal or a reader of lines takes for more than text: control characters, and Unicode's own ends of lines. */
// deno-lint-ignore no-control-regex -- what must not reach a log as it is
const UNSAFE_REGEXP = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const UNSAFE_IN_JSON_REGEXP = /[\u007f-\u009f\u2028\u2029]/g;

function formatValue(value: string | number | boolean | readonly string[]): string {
  if (typeof value === "string") return PLAIN_REGEXP.test(value) ? value : quoted(value);
  if (typeof value !== "object") return String(value);
  // Audit records hold a list of one plain name, which is written without JSON's help.
  const [first] = value;
  return value.length === 1 && first !== undefined && PLAIN_REGEXP.test(first)
    ? `["${first}"]`
    : quoted(value);
}

/** JSON, with what JSON leaves alone and {@linkcode UNSAFE_REGEXP} does not escaped too. */
function quoted(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    UNSAFE_IN_JSON_REGEXP,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
