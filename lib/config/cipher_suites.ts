/**
 * `--tls-cipher-suites`: the names that Go accepts, and what the runtime can do with them.
 *
 * Deno's TLS takes no list of suites (it negotiates what it likes whatever it is told), so a list for TLS 1.2 cannot be enforced, and
 * an option that cannot be enforced must not be accepted. The names of TLS 1.3 suites never restrict anything, in Go either.
 */
import { quote } from "../base/mod.ts";
import { BadValue, type Option, type OptionSpec, splitList } from "./option.ts";

const TLS13 = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];
const RSA = [
  "RC4_128_SHA",
  "3DES_EDE_CBC_SHA",
  "AES_128_CBC_SHA",
  "AES_256_CBC_SHA",
  "AES_128_CBC_SHA256",
  "AES_128_GCM_SHA256",
  "AES_256_GCM_SHA384",
];
const ECDHE = [
  "AES_128_CBC_SHA",
  "AES_256_CBC_SHA",
  "AES_128_GCM_SHA256",
  "AES_256_GCM_SHA384",
  "CHACHA20_POLY1305_SHA256",
  "RC4_128_SHA",
  "AES_128_CBC_SHA256",
];
const TLS12 = [
  ...RSA.map((suite) => `TLS_RSA_WITH_${suite}`),
  ...["ECDSA", "RSA"].flatMap((key) => ECDHE.map((suite) => `TLS_ECDHE_${key}_WITH_${suite}`)),
  "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
];

/** A list of suites of which none can be enforced: the empty list, or names of TLS 1.3 suites. */
export function cipherSuitesOption(spec: OptionSpec): Option<readonly string[]> {
  return {
    ...spec,
    kind: "list",
    isRepeatable: true,
    parse(text) {
      const suites = splitList(text);
      for (const suite of suites) checkSuite(suite);
      return suites;
    },
  };
}

function checkSuite(suite: string): void {
  if (TLS13.includes(suite)) return;
  if (TLS12.includes(suite)) {
    throw new BadValue(
      `cipher suite ${suite} cannot be enforced: the runtime's TLS takes no list of suites; leave it out, or use --tls-min-version=1.3`,
    );
  }
  throw new BadValue(`cipher suite ${quote(suite)} not supported or doesn't exist`);
}
