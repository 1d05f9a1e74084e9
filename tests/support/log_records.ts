/** A logger that keeps its records. */
import type { LogFields, Logger } from "signet/telemetry/mod.ts";

/** One record. */
export interface LogRecord {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly scope: string;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
  readonly thrown: unknown;
}

/** A logger and what was written to it, all scopes together. */
export interface LogRecords {
  readonly logger: Logger;
  readonly records: LogRecord[];
}

/** Makes a {@linkcode LogRecords}. */
export function recordLogs(): LogRecords {
  const records: LogRecord[] = [];
  const scoped = (scope: string): Logger => {
    const write =
      (level: LogRecord["level"]) =>
      (event: string, message: string, fields: LogFields = {}, thrown?: unknown) =>
        void records.push({ level, scope, event, message, fields, thrown });
    return {
      scoped,
      enabled: () => true,
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
  };
  return { logger: scoped("default"), records };
}
