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

/** The closest of `words` within two edits of `word`; the first of those that are equally close. */
export function closestWord(word: string, words: Iterable<string>): string | undefined {
  let closest: string | undefined;
  let least = MAX_EDITS + 1;
  for (const candidate of words) {
    const distance = editDistance(word, candidate, MAX_EDITS);
    if (distance < least) [closest, least] = [candidate, distance];
  }
  return closest;
}

const MAX_EDITS = 2;
