/** Durations in the JSON form of Protocol Buffers. */

/** Envoy refuses longer ones in most places: about 136 years. */
const MAX_SECONDS = 4_294_967_295;

/** Milliseconds as `google.protobuf.Duration`. */
export function durationOf(ms: number): string {
  const seconds = Math.min(MAX_SECONDS, Math.max(0, ms / 1000));
  return `${seconds.toFixed(9).replace(/\.?0+$/, "")}s`;
}
