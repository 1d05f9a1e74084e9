/** Small changes to documents, by chance from a seed: fields that go, values of other types, texts a character off, repeats, misspelt names. */

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 65_536, 0.5, 4_294_967_296, "", "*", "a", "1s", "0s", [], {}],
  ...[[""], { a: "b" }, "a/b", "unix:///a", ".", "%", "(", "::1", "10.0.0.0/8"],
];
const CHARS = [..."*/.-_%:@ (){}[]AZaz09~é"];

/** A copy of `value` with one change somewhere in it. */
export function mutated(value: unknown, random: () => number): unknown {
  const places = count(value);
  return change(value, { left: Math.floor(random() * places) }, random);
}

/** Places at which something can change. */
function count(value: unknown): number {
  const inside = typeof value === "object" && value !== null ? Object.values(value) : [];
  return inside.reduce<number>((sum, each) => sum + count(each), 1);
}

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)]!;
}

function change(value: unknown, at: { left: number }, random: () => number): unknown {
  if (at.left-- === 0) return changed(value, random);
  if (Array.isArray(value)) {
    return value.map((each) => at.left < 0 ? each : change(each, at, random));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [key, each],
    ) => [key, at.left < 0 ? each : change(each, at, random)]),
  );
}

function changed(value: unknown, random: () => number): unknown {
  if (random() < 0.25) return pick(VALUES, random);
  if (typeof value === "string") return changedText(value, random);
  if (typeof value === "number") {
    return pick([value + 1, value - 1, -value, value / 2, `${value}`], random);
  }
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return changedList(value, random);
  if (value === null) return pick(VALUES, random);
  return changedMapping(value as Readonly<Record<string, unknown>>, random);
}

function changedText(text: string, random: () => number): string {
  const at = Math.floor(random() * (text.length + 1));
  const char = pick(CHARS, random);
  const drop = random() < 0.3 ? 0 : 1;
  return random() < 0.2 ? text.slice(0, at) : text.slice(0, at) + char + text.slice(at + drop);
}

function changedList(list: readonly unknown[], random: () => number): readonly unknown[] {
  const at = Math.floor(random() * (list.length + 1));
  const again = list[at] ?? pick(VALUES, random);
  return random() < 0.5 ? list.toSpliced(at, 1) : list.toSpliced(at, 0, again);
}

function changedMapping(
  mapping: Readonly<Record<string, unknown>>,
  random: () => number,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(mapping);
  const at = Math.floor(random() * entries.length);
  const [key = "a", value = "b"] = entries[at] ?? [];
  const next = random();
  if (next < 0.5) return Object.fromEntries(entries.toSpliced(at, 1));
  if (next < 0.75) {
    return Object.fromEntries(entries.toSpliced(at, 1, [changedText(key, random), value]));
  }
  return { ...mapping, [changedText(key, random)]: value };
}
