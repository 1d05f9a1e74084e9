/** `semver` and `semverCompare`: versions and what they must be, by the rules of Masterminds' semver v3. */
import { fault } from "../failure.ts";
import { quoteText } from "../go_quote.ts";
import {
  compareText,
  goInt,
  type GoMethod,
  GoStruct,
  goStruct,
  type GoStructType,
  type TemplateFunction,
} from "../go_values.ts";
import { goFunction } from "../signature.ts";

/** A version. */
interface Version {
  /** Major, minor and patch. */
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: string;
  readonly metadata: string;
  readonly original: string;
}

const MAX_VERSION_CHARS = 256;
const MAX_CONSTRAINT_CHARS = 512;
const MAX_GROUPS = 32;

const SUFFIX = "(-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(\\+([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?";
const VERSION_REGEXP = new RegExp(`^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?${SUFFIX}$`);
const OPERATOR = "(?:!=|=>|=<|>=|<=|~>|=|>|<|~|\\^|)";
const WILD = "[0-9|xX*]+";
const OPERAND = `v?${WILD}(?:\\.${WILD})?(?:\\.${WILD})?` +
  "(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?";
const GROUP_REGEXP = new RegExp(
  `^\\s*${OPERATOR}\\s*${OPERAND}\\s*(?:(?:\\s|,\\s*)${OPERATOR}\\s*${OPERAND}\\s*)*$`,
);
const EACH_REGEXP = new RegExp(`(${OPERATOR})\\s*(${OPERAND})`, "g");
const RANGE_REGEXP = new RegExp(`\\s*(${OPERAND})\\s+-\\s+(${OPERAND})\\s*`, "g");
const PARTS_REGEXP = new RegExp(
  `^v?(${WILD})(?:\\.(${WILD}))?(?:\\.(${WILD}))?((?:-[^+]*)?)`,
);

/** By their names in templates. */
export const SEMVER_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  semver: goFunction("string", (text) => {
    const version = parseVersion(text as string);
    return goStruct(VERSION, { version }, { isPointer: true });
  }),
  semverCompare: goFunction("string, string", (constraint, text) => {
    const groups = parseConstraint(constraint as string);
    const version = parseVersion(text as string);
    return groups.some((group) => isMetByAll(group, version));
  }),
};

function method(made: (version: Version) => unknown): GoMethod {
  return goFunction("", (self) => made((self as GoStruct).fields.version as Version));
}

/** The pointer that `semver` gives. */
const VERSION: GoStructType = {
  name: "semver.Version",
  fields: {},
  methods: {
    Major: method(({ numbers: [major] }) => goInt(major, "uint64")),
    Minor: method(({ numbers: [, minor] }) => goInt(minor, "uint64")),
    Patch: method(({ numbers: [, , patch] }) => goInt(patch, "uint64")),
    Prerelease: method(({ prerelease }) => prerelease),
    Metadata: method(({ metadata }) => metadata),
    Original: method(({ original }) => original),
    String: method(versionText),
  },
};

function versionText({ numbers, prerelease, metadata }: Version): string {
  return numbers.join(".") + (prerelease === "" ? "" : `-${prerelease}`) +
    (metadata === "" ? "" : `+${metadata}`);
}

function parseVersion(text: string): Version {
  if (text.length > MAX_VERSION_CHARS) {
    throw fault(`version string is too long (max ${MAX_VERSION_CHARS} bytes)`);
  }
  const found = VERSION_REGEXP.exec(text);
  if (found === null) throw fault("invalid semantic version");
  const [, major = "0", minor = "0", patch = "0", , prerelease = "", , metadata = ""] = found;
  if (prerelease.split(".").some((part) => /^0[0-9]+$/.test(part))) {
    throw fault("version segment starts with 0");
  }
  const numbers = [BigInt(major), BigInt(minor), BigInt(patch)] as const;
  return { numbers, prerelease, metadata, original: text };
}

/** Less than 0 when `a` comes before `b`; build metadata does not count. */
function compareVersions(a: Version, b: Version): number {
  for (const at of [0, 1, 2] as const) {
    if (a.numbers[at] !== b.numbers[at]) return a.numbers[at] < b.numbers[at] ? -1 : 1;
  }
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === "" || b.prerelease === "") return a.prerelease === "" ? 1 : -1;
  return comparePrereleases(a.prerelease.split("."), b.prerelease.split("."));
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const [isLeft, isRight] = [/^[0-9]+$/.test(left), /^[0-9]+$/.test(right)];
    if (isLeft && isRight) return BigInt(left) < BigInt(right) ? -1 : 1;
    if (isLeft !== isRight) return isLeft ? -1 : 1;
    return compareText(left, right) < 0 ? -1 : 1;
  }
  return 0;
}

/** One operator and its version. */
interface Constraint {
  readonly operator: string;
  readonly version: Version;
  /** Which of the three numbers is the first that may be any: 0, 1, 2, or 3 for none. */
  readonly anyFrom: number;
}

function parseConstraint(text: string): readonly (readonly Constraint[])[] {
  if (text.length > MAX_CONSTRAINT_CHARS) {
    throw fault(`constraint string is too long (max ${MAX_CONSTRAINT_CHARS} bytes)`);
  }
  const ranged = text.replaceAll(RANGE_REGEXP, (_, from, to) => `>= ${from}, <= ${to} `);
  const groups = ranged.split("||");
  if (groups.length > MAX_GROUPS) throw fault(`too many constraint groups (max ${MAX_GROUPS})`);
  return groups.map((group) => {
    if (!GROUP_REGEXP.test(group)) throw fault(`improper constraint: ${quoteText(group)}`);
    return [...group.matchAll(EACH_REGEXP)].map(([, operator = "", operand = ""]) =>
      constraintOf(operator, operand)
    );
  });
}

function constraintOf(operator: string, operand: string): Constraint {
  const [, major = "", minor = "", patch = "", suffix = ""] = PARTS_REGEXP.exec(operand) ?? [];
  const isAny = (part: string) => part === "" || /^[xX*]$/.test(part);
  const parts = [major, minor, patch];
  const first = parts.findIndex(isAny);
  const anyFrom = first < 0 ? 3 : first;
  const numbers = parts.map((part, at) => at < anyFrom ? part : "0").join(".");
  try {
    return { operator, version: parseVersion(numbers + suffix), anyFrom };
  } catch (thrown) {
    throw fault("constraint parser error", thrown);
  }
}

/** A version before a release meets only constraints of which one is so too. */
function isMetByAll(group: readonly Constraint[], version: Version): boolean {
  const takesPrereleases = group.some(({ version: { prerelease } }) => prerelease !== "");
  if (version.prerelease !== "" && !takesPrereleases) return false;
  return group.every((constraint) => isMet(constraint, version));
}

function isMet(constraint: Constraint, version: Version): boolean {
  const { operator, version: wanted, anyFrom } = constraint;
  const order = compareVersions(version, wanted);
  switch (operator) {
    case "":
    case "=":
      return anyFrom < 3 ? isTilde(constraint, version) : order === 0;
    case "!=":
      return isOther(constraint, version, order);
    case ">":
      return isGreater(constraint, version, order);
    case "<":
      return order < 0;
    case ">=":
    case "=>":
      return order >= 0;
    case "<=":
    case "=<":
      return isAtMost(constraint, version, order);
    case "^":
      return order >= 0 && isCaret(constraint, version);
    default:
      return isTilde(constraint, version);
  }
}

function isOther(
  { version: wanted, anyFrom }: Constraint,
  version: Version,
  order: number,
): boolean {
  if (anyFrom === 3) return order !== 0;
  if (wanted.numbers[0] !== version.numbers[0]) return true;
  if (anyFrom === 1) return false;
  if (wanted.numbers[1] !== version.numbers[1]) return true;
  if (anyFrom === 2) {
    return comparePrereleases([version.prerelease], [wanted.prerelease]) !== 0;
  }
  return wanted.numbers[2] !== version.numbers[2] || order !== 0;
}

function isGreater(
  { version: wanted, anyFrom }: Constraint,
  version: Version,
  order: number,
): boolean {
  if (anyFrom === 3 || anyFrom === 0) {
    const [major, wantedMajor] = [version.numbers[0], wanted.numbers[0]];
    return anyFrom === 0 && major > wantedMajor || order > 0;
  }
  if (version.numbers[0] !== wanted.numbers[0]) return version.numbers[0] > wanted.numbers[0];
  return anyFrom === 2 && version.numbers[1] > wanted.numbers[1];
}

function isAtMost(
  { version: wanted, anyFrom }: Constraint,
  version: Version,
  order: number,
): boolean {
  if (anyFrom === 3) return order <= 0;
  if (version.numbers[0] !== wanted.numbers[0]) return version.numbers[0] < wanted.numbers[0];
  return anyFrom === 1 || version.numbers[1] <= wanted.numbers[1];
}

/** Within the same minor version, or the same major one when the minor may be any. */
function isTilde({ version: wanted, anyFrom }: Constraint, version: Version): boolean {
  if (compareVersions(version, wanted) < 0) return false;
  const isZero = wanted.numbers.every((number) => number === 0n);
  if (isZero && anyFrom !== 1 && anyFrom !== 2) return true;
  if (version.numbers[0] !== wanted.numbers[0]) return false;
  return version.numbers[1] === wanted.numbers[1] || anyFrom === 1;
}

/** Up to the next change of the first number that is not 0. */
function isCaret({ version: wanted, anyFrom }: Constraint, version: Version): boolean {
  const [major, minor, patch] = version.numbers;
  if (wanted.numbers[0] > 0n || anyFrom === 1) return major === wanted.numbers[0];
  if (major > 0n) return false;
  if (wanted.numbers[1] > 0n || anyFrom === 2) return minor === wanted.numbers[1];
  if (minor > 0n) return false;
  return patch === wanted.numbers[2];
}
