/** A server's answer within a bound: one that accepted the connection may still say nothing. */
import { type Clock, SignetError, sleep } from "../base/mod.ts";

/** A server that has accepted the connection answers within this, or the attempt has failed. */
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * The answer of `where` to an attempt to `what`.
 *
 * @throws {SignetError} `transport.timeout` when it does not come in time; whatever the answer rejects with.
 */
export async function withinTime<T>(
  answer: Promise<T>,
  { clock, what, where }: { readonly clock: Clock; readonly what: string; readonly where: string },
): Promise<T> {
  const answered = new AbortController();
  const late = async (): Promise<never> => {
    await sleep(clock, ANSWER_TIMEOUT_MS, { signal: answered.signal });
    throw new SignetError(
      "transport.timeout",
      `Cannot ${what}: ${where} did not answer in ${ANSWER_TIMEOUT_MS} ms`,
    );
  };
  try {
    return await Promise.race([answer, late()]);
  } finally {
    answered.abort();
  }
}
