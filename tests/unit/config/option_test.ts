/** The kinds of values: what each takes, as Go takes it, and what it says of the rest. */
import assert from "node:assert/strict";
import { parseGoDuration } from "signet/base/mod.ts";
import {
  addressOption,
  parseDialAddress,
  parseListenAddress,
} from "../../../lib/config/address.ts";
import { cipherSuitesOption } from "../../../lib/config/cipher_suites.ts";
import { levelsOption } from "../../../lib/config/log_options.ts";
import {
  BadValue,
  boolOption,
  choiceOption,
  durationOption,
  intOption,
  listOption,
  type Option,
} from "../../../lib/config/option.ts";

const SPEC = { flag: "x", fallback: "", help: "for tests" };

async function assertTakes<T>(
  t: Deno.TestContext,
  option: Pick<Option<T>, "parse">,
  rows: readonly (readonly [string, T])[],
): Promise<void> {
  for (const [text, value] of rows) {
    await t.step(`${JSON.stringify(text.slice(0, 60))} is taken`, () => {
      assert.deepEqual(option.parse(text), value);
    });
  }
}

async function assertRefuses(
  t: Deno.TestContext,
  option: Pick<Option<unknown>, "parse">,
  texts: readonly string[],
  says: RegExp,
): Promise<void> {
  for (const text of texts) {
    await t.step(`${JSON.stringify(text.slice(0, 60))} is refused`, () => {
      assert.throws(() => option.parse(text), (thrown) => {
        assert.ok(thrown instanceof BadValue);
        assert.match(thrown.message, says);
        return true;
      });
    });
  }
}

Deno.test("boolOption() takes the twelve spellings of Go's strconv.ParseBool and no other", async (t) => {
  const option = boolOption(SPEC);
  const yes = ["1", "t", "T", "TRUE", "true", "True"];
  const no = ["0", "f", "F", "FALSE", "false", "False"];
  await assertTakes(t, option, [
    ...yes.map((text) => [text, true] as const),
    ...no.map((text) => [text, false] as const),
  ]);
  const bad = ["", " true", "true ", "yes", "no", "on", "off", "tRUE", "2", "-1", "truee", "y"];
  await assertRefuses(t, option, bad, /should be true or false/);
});

/** Of Go 1.26's time.ParseDuration; milliseconds. */
const DURATIONS: readonly (readonly [string, number])[] = [
  ["0", 0],
  ["+0", 0],
  ["-0", 0],
  ["0s", 0],
  ["5s", 5000],
  ["30s", 30_000],
  ["1478s", 1_478_000],
  ["-5s", -5000],
  ["+5s", 5000],
  ["5.0s", 5000],
  ["5.6s", 5600],
  ["5.s", 5000],
  [".5s", 500],
  ["1.0s", 1000],
  ["1.004s", 1004],
  ["1.0040s", 1004],
  ["100.00100s", 100_001],
  ["10ns", 0.00001],
  ["11us", 0.011],
  ["12µs", 0.012],
  ["12μs", 0.012],
  ["13ms", 13],
  ["14s", 14_000],
  ["15m", 900_000],
  ["16h", 57_600_000],
  ["3h30m", 12_600_000],
  ["10.5s4m", 250_500],
  ["-2m3.4s", -123_400],
  ["1h2m3s4ms5us6ns", 3_723_004.005006],
  ["39h9m14.425s", 140_954_425],
  ["0.3333333333333333333h", 1_200_000],
  ["2160h", 7_776_000_000],
  ["87600h", 315_360_000_000],
];

Deno.test("parseGoDuration() reads what Go reads, as Go's own tests have it", async (t) => {
  for (const [text, ms] of DURATIONS) {
    await t.step(text, () => {
      const value = parseGoDuration(text);
      assert.ok(value !== undefined && Math.abs(value - ms) < 1e-6, `${value}`);
    });
  }
});

Deno.test("parseGoDuration() refuses what Go refuses", async (t) => {
  const bad = [
    "",
    "3",
    "-",
    "s",
    ".",
    "-.",
    ".s",
    "+.s",
    "1d",
    "1w",
    "1 s",
    " 1s",
    "1s ",
    "1S",
    "1sec",
    "1h2",
    "--1s",
    "1e3s",
    "0x1s",
    "1,5s",
    "9223372036854775.808us",
    "9223372036854ms775us808ns",
    "3000000h",
    "infinity",
    "1".repeat(101) + "s",
  ];
  // These two lie within a nanosecond of Go's end, closer than a number of milliseconds tells apart.
  const atTheEnd = ["9223372036854775.808us", "9223372036854ms775us808ns"];
  for (const text of bad.filter((each) => !atTheEnd.includes(each))) {
    await t.step(JSON.stringify(text), () => assert.equal(parseGoDuration(text), undefined));
  }
});

Deno.test("durationOption() holds to its bounds, both included", async (t) => {
  const option = durationOption(SPEC, { minMs: 1000, maxMs: 60_000 });
  await assertTakes(t, option, [["1s", 1000], ["1m", 60_000], ["1.5s", 1500]]);
  await assertRefuses(t, option, ["999ms", "0", "-1s"], /should be at least 1000 ms/);
  await assertRefuses(t, option, ["60001ms", "2h"], /should be at most 60000 ms/);
  await assertRefuses(t, option, ["", "5", "soon"], /should be a duration such as/);
});

Deno.test("intOption() takes whole numbers within its bounds", async (t) => {
  const option = intOption(SPEC, { min: 1, max: 100 });
  await assertTakes(t, option, [["1", 1], ["100", 100], ["+7", 7], ["007", 7]]);
  const bad = ["", "0", "101", "-1", "1.5", "1e1", "0x10", " 1", "1 ", "one", "9".repeat(400), "∞"];
  await assertRefuses(t, option, bad, /should be a whole number from 1 to 100/);
});

Deno.test("choiceOption() takes its words alone, and names them", async (t) => {
  const option = choiceOption(SPEC, ["a", "bee"]);
  assert.equal(option.kind, "a|bee");
  await assertTakes(t, option, [["a", "a"], ["bee", "bee"]]);
  await assertRefuses(t, option, ["", "A", "b", "a,bee", " a"], /^should be one of "a", "bee"$/);
});

Deno.test("listOption() splits at commas and keeps no blanks", async (t) => {
  await assertTakes<readonly string[]>(t, listOption(SPEC), [
    ["", []],
    [",", []],
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a , b ,", ["a", "b"]],
    ["a b", ["a b"]],
  ]);
});

Deno.test("addressOption() reads Go's addresses; the empty text turns a listener off", async (t) => {
  const option = addressOption(SPEC);
  await assertTakes<unknown>(t, option, [
    ["", undefined],
    [":8080", { hostname: "", port: 8080 }],
    [":0", { hostname: "", port: 0 }],
    ["localhost:1", { hostname: "localhost", port: 1 }],
    ["127.0.0.1:65535", { hostname: "127.0.0.1", port: 65535 }],
    ["[::1]:80", { hostname: "::1", port: 80 }],
    ["[::]:80", { hostname: "::", port: 80 }],
    ["istiod.istio-system.svc:15012", { hostname: "istiod.istio-system.svc", port: 15012 }],
  ]);
  const bad = ["8080", "localhost", "::1:80", ":65536", ":-1", ":http", "a b:1", "[::1]", "[x]:1"];
  await assertRefuses(
    t,
    option,
    [...bad, ":", "http://a:1", ":1 "],
    /should be host:port or :port/,
  );
});

Deno.test("parseDialAddress() wants a host and a port to call", async (t) => {
  await assertTakes<unknown>(t, { parse: parseDialAddress }, [
    ["a:1", { hostname: "a", port: 1 }],
    ["[::1]:443", { hostname: "::1", port: 443 }],
  ]);
  await assertRefuses(
    t,
    { parse: parseDialAddress },
    [":1", "a:0"],
    /should be host:port of a server/,
  );
  assert.throws(() => parseListenAddress("a"), BadValue);
});

Deno.test("levelsOption() reads istiod's levels by scope", async (t) => {
  const option = levelsOption(SPEC);
  await assertTakes<unknown>(t, option, [
    ["", {}],
    ["debug", { default: "debug" }],
    ["default:info,grpc:none", { default: "info", grpc: "none" }],
    [" ca:warn , audit:error ", { ca: "warn", audit: "error" }],
    ["ca:warn,ca:debug", { ca: "debug" }],
    ["fatal", { default: "fatal" }],
  ]);
  const bad = ["loud", "ca:", "ca:INFO", "default:info,ca:verbose", "a:b:info"];
  await assertRefuses(t, option, bad, /has level .*, should be one of none, fatal, error, warn/);
});

Deno.test("cipherSuitesOption() takes what restricts nothing, and says of the rest why not", async (t) => {
  const option = cipherSuitesOption(SPEC);
  await assertTakes<unknown>(t, option, [
    ["", []],
    ["TLS_AES_128_GCM_SHA256", ["TLS_AES_128_GCM_SHA256"]],
    ["TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256", [
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
    ]],
  ]);
  const real = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA",
  ];
  await assertRefuses(t, option, real, /cannot be enforced/);
  const unknown = ["TLS_NULL", "tls_aes_128_gcm_sha256", "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"];
  await assertRefuses(t, option, unknown, /not supported or doesn't exist$/);
});
