/** How a template fails: in Go's own words, which begin in lower case, as users of Go's templates know them. */
import { messageOf, SignetError } from "../base/mod.ts";

/** What a function of a template throws; the engine puts the template, the place and the call before `words`. */
export function fault(words: string, cause?: unknown): SignetError {
  return new SignetError("template.failed", words, cause === undefined ? {} : { cause });
}

/** The words of anything that a function threw. */
export function faultWords(thrown: unknown): string {
  return messageOf(thrown);
}
