/** Reads a server's log as it comes: counts what is a warning or an error, by event, and finds secrets. */

/** How a PEM key begins, and what no log may hold whatever it is of. */
const KEY_MARK = "PRIVATE KEY";
/** Secrets of join tokens are 64 hexadecimal digits; so are fingerprints, which may be logged. */
const HEX_REGEXP = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;
const SHOWN = 5;

/** A log under watch. */
export interface LogWatch {
  /** Takes text as the server prints it. */
  take(text: string, from: "stdout" | "stderr"): void;
  /** Tells a token's secret. */
  addTokenSecret(secret: string): void;
  /** Tells a private key in PEM: no line of it may be seen. */
  addKey(pem: string): void;
  /** Lines so far. */
  lines(): number;
  /** Warnings and errors by event, `warn ca.limited` for one. */
  events(): ReadonlyMap<string, number>;
  /** Lines that hold a secret or are no JSON where JSON is asked for: the first few. */
  faults(): readonly string[];
  /** The first line of each event of {@linkcode LogWatch.events}. */
  examples(): ReadonlyMap<string, string>;
}

/** Makes a {@linkcode LogWatch}. */
export function watchLog(): LogWatch {
  const secrets = new Set<string>();
  const keyLines: string[] = [KEY_MARK];
  const events = new Map<string, number>();
  const examples = new Map<string, string>();
  const faults: string[] = [];
  const rests = { stdout: "", stderr: "" };
  let count = 0;
  const line = (text: string) => {
    count++;
    const hexes = text.match(HEX_REGEXP) ?? [];
    const isSecret = hexes.some((hex) => secrets.has(hex)) ||
      keyLines.some((part) => text.includes(part));
    if (isSecret && faults.length < SHOWN) faults.push(`a secret is in the log: ${text}`);
    const level = levelOf(text);
    if (level === undefined) return;
    events.set(level, (events.get(level) ?? 0) + 1);
    if (!examples.has(level)) examples.set(level, text);
  };
  return {
    take(text, from) {
      const lines = (rests[from] + text).split("\n");
      rests[from] = lines.pop() ?? "";
      for (const each of lines) line(each);
    },
    addTokenSecret: (secret) => void secrets.add(secret),
    addKey: (pem) => void keyLines.push(...pem.split("\n").filter((part) => part.length === 64)),
    lines: () => count,
    events: () => events,
    faults: () => faults,
    examples: () => examples,
  };
}

/** Level and event of a line that is a warning or worse; a line that is no JSON object counts as one. */
function levelOf(line: string): string | undefined {
  if (!line.startsWith("{")) return line.trim() === "" ? undefined : "no JSON";
  const { level, event } = JSON.parse(line) as { readonly level?: string; readonly event?: string };
  return level === "info" || level === "debug" ? undefined : `${level} ${event}`;
}
