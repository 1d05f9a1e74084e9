/** Random bytes from Web Crypto, drawn in larger pieces. */
import type { Bytes } from "../base/mod.ts";

const POOL_BYTES = 4096;

/** A source of random bytes that draws `POOL_BYTES` at a time. */
function pooled(): (length: number) => Bytes {
  const pool = new Uint8Array(POOL_BYTES);
  let at = POOL_BYTES;
  return (length) => {
    if (length > POOL_BYTES) return crypto.getRandomValues(new Uint8Array(length));
    if (at + length > POOL_BYTES) {
      crypto.getRandomValues(pool);
      at = 0;
    }
    const taken = pool.slice(at, at + length);
    pool.fill(0, at, at + length);
    at += length;
    return taken;
  };
}

/** Fresh random bytes; each is given out once. */
export const randomBytes: (length: number) => Bytes = pooled();
