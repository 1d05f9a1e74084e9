/** A row of the README's table: a figure of signet's, its baseline of the same run, and what is wanted of the two. */

/** What a figure counts. */
export type Unit = "us" | "ms" | "MB" | "%" | "a second";

/** A figure beside its baseline. */
export interface Row {
  /** Its name in saved results; never given to another row. */
  readonly id: string;
  /** What was measured, in a few words. */
  readonly what: string;
  /** What the figure and its baseline count. */
  readonly unit: Unit;
  /** The figure; `undefined` when this machine cannot measure it. */
  readonly signet: number | undefined;
  /** What it is held against. */
  readonly baseline?: { readonly value: number; readonly what: string } | undefined;
  /** What is wanted. */
  readonly target?: Target | undefined;
}

/** A bound: of the ratio to the baseline, of the difference to it, or of the figure itself. */
export interface Target {
  /** What is bounded. */
  readonly of: "ratio" | "difference" | "value";
  /** The most, or with `atLeast` the least. */
  readonly bound: number;
  /** True when more is better. Default: false. */
  readonly atLeast?: boolean;
}

/** The figure divided by its baseline; `undefined` without either. */
export function ratioOf({ signet, baseline }: Row): number | undefined {
  return signet === undefined || baseline === undefined ? undefined : signet / baseline.value;
}

/** The number that a row's target bounds. */
function boundedOf(row: Row, { of }: Target): number | undefined {
  if (of === "ratio") return ratioOf(row);
  if (row.signet === undefined) return undefined;
  if (of === "value") return row.signet;
  return row.baseline === undefined ? undefined : row.signet - row.baseline.value;
}

/** `met`, `missed by 7 %` of the bound, or `-` when there is no target or nothing to hold against it. */
export function verdictOf(row: Row): string {
  const { target } = row;
  const value = target && boundedOf(row, target);
  if (target === undefined || value === undefined) return "-";
  const { bound, atLeast = false } = target;
  const missedBy = (atLeast ? bound - value : value - bound) / bound;
  return missedBy <= 0 ? "met" : `missed by ${(missedBy * 100).toFixed(0)} %`;
}

/** The row as the cells of a table: what, signet, baseline, ratio, target, verdict. */
export function cellsOf(row: Row): readonly string[] {
  const { what, signet, baseline, unit, target } = row;
  return [
    what,
    signet === undefined ? "-" : figure(signet, unit),
    baseline === undefined ? "-" : `${figure(baseline.value, unit)}: ${baseline.what}`,
    relation(row),
    target === undefined ? "-" : describe(target, unit),
    verdictOf(row),
  ];
}

/** How the figure stands to its baseline: the ratio, or the difference where that is bounded. */
function relation(row: Row): string {
  const ratio = ratioOf(row);
  if (ratio === undefined) return "-";
  if (row.target?.of !== "difference") return ratio.toFixed(2);
  const difference = (row.signet ?? 0) - (row.baseline?.value ?? 0);
  return `${difference < 0 ? "-" : "+"}${figure(Math.abs(difference), row.unit)}`;
}

function describe({ of, bound, atLeast }: Target, unit: Unit): string {
  const text = of === "ratio" ? String(bound) : figure(bound, unit);
  return `at ${atLeast ? "least" : "most"} ${of === "difference" ? "+" : ""}${text}`;
}

function figure(value: number, unit: Unit): string {
  switch (unit) {
    case "a second":
      return value.toFixed(0);
    case "%":
      return `${value.toFixed(1)} %`;
    case "us":
    case "ms":
    case "MB":
      return `${value.toFixed(0)} ${unit}`;
  }
}
