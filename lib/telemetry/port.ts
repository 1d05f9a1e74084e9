/** The logger and metrics ports. Names of events and metrics stand in `names.ts` alone. */

/** Levels as `--log_output_level` spells them, most severe first after `none`. */
export type LogLevel = "none" | "fatal" | "error" | "warn" | "info" | "debug";

/** Values that a log record may carry. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | undefined | readonly string[]>
>;

/** Writes records of one scope. Inner rooms throw; edges log, each failure once. */
export interface Logger {
  /** A logger of another scope with the same sink; `scope` is what `--log_output_level` names. */
  scoped(scope: string): Logger;
  /** True when a record of this level would be written: ask before doing costly work for a debug record. */
  enabled(level: Exclude<LogLevel, "none">): boolean;
  /** Writes a record; `event` is one of `names.ts`, `message` a sentence for people. */
  debug(event: string, message: string, fields?: LogFields): void;
  /** See {@linkcode Logger.debug}. */
  info(event: string, message: string, fields?: LogFields): void;
  /** See {@linkcode Logger.debug}. */
  warn(event: string, message: string, fields?: LogFields): void;
  /** See {@linkcode Logger.debug}; `thrown` gives `error.code`, the message and the chain of causes. */
  error(event: string, message: string, fields?: LogFields, thrown?: unknown): void;
}

/** A counter with its labels already bound. */
export interface Counter {
  /** Adds `by`, 1 when absent. */
  inc(by?: number): void;
}

/** A histogram with its labels already bound. */
export interface Histogram {
  /** Observes a value, in seconds for durations. */
  observe(value: number): void;
}

/** A gauge with its labels already bound. */
export interface Gauge {
  /** Sets the value. */
  set(value: number): void;
}

/** What a histogram holds. */
export interface HistogramValue {
  /** Upper bounds of the buckets, ascending; the last bucket has none. */
  readonly bounds: readonly number[];
  /** Values in each bucket by itself; one more than `bounds`. */
  readonly counts: readonly number[];
  /** Sum of all values. */
  readonly sum: number;
  /** How many values there were. */
  readonly count: number;
}

/** One series at one moment. */
export interface MetricSample {
  /** Its label values. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its value. */
  readonly value: number | HistogramValue;
}

/** All series of one name. */
export interface MetricFamily {
  /** The metric's name. */
  readonly name: string;
  /** Its help text. */
  readonly help: string;
  /** What it is. */
  readonly type: "counter" | "gauge" | "histogram";
  /** Its series, at least one. */
  readonly samples: readonly MetricSample[];
}

/** Makes and exposes metrics; a series appears on its first use. `name` is one of `names.ts`, which has its help text. */
export interface Metrics {
  /** The counter `name` with these label values; the same object for the same values. */
  counter(name: string, labels?: Readonly<Record<string, string>>): Counter;
  /** The histogram `name` with these label values. */
  histogram(name: string, labels?: Readonly<Record<string, string>>): Histogram;
  /** The gauge `name` with these label values. */
  gauge(name: string, labels?: Readonly<Record<string, string>>): Gauge;
  /** A gauge whose value is computed when it is scraped; `undefined` leaves the series out. */
  computedGauge(name: string, compute: () => number | undefined): void;
  /** All series that have been used, as they are now. */
  snapshot(): readonly MetricFamily[];
  /** All series that have been used, in the Prometheus text format. */
  expose(): Promise<{ readonly contentType: string; readonly body: string }>;
}
