/** Which key a new root gets: signet's own option first, then the variable in which istiod has the size of its RSA key. */
import type { RootKey } from "./port.ts";
import type { ResolvedValues } from "./values.ts";

/** istiod makes no smaller key. */
const MIN_RSA_BITS = 2048;
const RSA_BITS = [2048, 3072, 4096] as const;

/** What {@linkcode rootKey} needs of the options. */
export interface RootKeyValues {
  /** `P-256`, `P-384` or `RSA-<bits>`. */
  readonly selfSignedRootKey: string;
  /** Bits of an RSA key. */
  readonly selfSignedCaRsaKeySize: number;
}

/** The key of a new root; without faults of {@linkcode rootKeyFaults}. */
export function rootKey(values: RootKeyValues, resolved: ResolvedValues): RootKey {
  if (asksForRsa(resolved)) return rsaKey(values.selfSignedCaRsaKeySize);
  const { selfSignedRootKey: name } = values;
  if (name.startsWith("RSA-")) return rsaKey(Number(name.slice("RSA-".length)));
  return { type: "ec", curve: name === "P-384" ? "P-384" : "P-256" };
}

/** What is wrong with istiod's variable, in istiod's words. */
export function rootKeyFaults(
  { selfSignedCaRsaKeySize: bits }: RootKeyValues,
  { values }: ResolvedValues,
): readonly string[] {
  if (values.get("selfSignedCaRsaKeySize")?.source !== "variable") return [];
  const name = "CITADEL_SELF_SIGNED_CA_RSA_KEY_SIZE";
  if (bits < MIN_RSA_BITS) {
    return [
      `${name}: requested key size does not meet the minimum required size of ${MIN_RSA_BITS} (requested: ${bits})`,
    ];
  }
  return RSA_BITS.some((known) => known === bits)
    ? []
    : [`${name}: ${bits} bits are not supported, use ${RSA_BITS.join(", ")}`];
}

function asksForRsa({ values }: ResolvedValues): boolean {
  return values.get("selfSignedCaRsaKeySize")?.source === "variable" &&
    values.get("selfSignedRootKey")?.source === "default";
}

function rsaKey(bits: number): RootKey {
  return { type: "rsa", bits: RSA_BITS.find((known) => known === bits) ?? MIN_RSA_BITS };
}
