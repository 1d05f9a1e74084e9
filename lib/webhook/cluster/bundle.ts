/** The roots in a webhook configuration (`clientConfig.caBundle`): PEM in base64, compared certificate by certificate. */

const BLOCK_REGEXP = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Certificates that a bundle shall hold. */
export interface WantedBundle {
  /** PEM blocks, in order: what is written. */
  readonly blocks: readonly string[];
  /** Those without which reviews would fail: a bundle that holds them, and of `blocks` whatever else, is left as it is. */
  readonly required: readonly string[];
}

/** The certificates of a PEM text, each once. */
export function blocksOf(pem: string): readonly string[] {
  return [...new Set(pem.match(BLOCK_REGEXP) ?? [])];
}

/** A bundle as it is written. */
export function encodeBundle({ blocks }: WantedBundle): string {
  return btoa(blocks.map((block) => `${block}\n`).join(""));
}

/** Whether a bundle will do. */
export function bundleFits(bundle: unknown, { blocks, required }: WantedBundle): boolean {
  const found = blocksOf(decodeBase64(bundle));
  return found.length > 0 && required.every((block) => found.includes(block)) &&
    found.every((block) => blocks.includes(block));
}

function decodeBase64(text: unknown): string {
  if (typeof text !== "string") return "";
  try {
    return atob(text);
  } catch {
    return "";
  }
}
