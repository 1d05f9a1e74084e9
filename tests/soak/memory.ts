/** Whether memory stays level: resident memory of the last third of a run, its end against its begin. */

/** Shares of the last third whose medians are compared. */
const PARTS = 4;

/** The median of the last quarter of the last third, as a multiple of the median of its first quarter. */
export function growthOfLastThird(samples: readonly number[]): number {
  const third = samples.slice(-Math.floor(samples.length / 3));
  const size = Math.floor(third.length / PARTS);
  if (size === 0) {
    throw new RangeError(`Cannot judge memory: ${samples.length} samples are too few`);
  }
  return median(third.slice(-size)) / median(third.slice(0, size));
}

/** Every tenth of the samples as its median, for people. */
export function tenths(samples: readonly number[]): readonly number[] {
  const at = (tenth: number) => Math.floor(samples.length * tenth / 10);
  return Array.from({ length: 10 }, (_, tenth) => median(samples.slice(at(tenth), at(tenth + 1))));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
