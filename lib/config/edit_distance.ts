/** How many single-character edits lie between two words (Levenshtein), to recognise a misspelt flag. */

/** The distance, or `limit + 1` when it is more than `limit`. */
export function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substitution = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return Math.min(row[right.length]!, limit + 1);
}

/** The first of `words` within two edits of `word`. */
export function closestWord(word: string, words: Iterable<string>): string | undefined {
  for (const candidate of words) {
    if (editDistance(word, candidate, MAX_EDITS) <= MAX_EDITS) return candidate;
  }
  return undefined;
}

const MAX_EDITS = 2;
