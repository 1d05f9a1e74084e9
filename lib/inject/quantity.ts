/** Amounts of CPU and memory as Kubernetes writes them: whether a text is one, in Kubernetes' words. */

/** What Kubernetes says of a text that has not the form. */
const BAD_FORM =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
/** What it says of one with another suffix than those below. */
const BAD_SUFFIX = "unable to parse quantity's suffix";
/** The form that its parser really takes: digits may be missing. */
const FORM_REGEXP = /^[+-]?[0-9]*(?:\.[0-9]*)?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const SUFFIX_REGEXP = /^(?:|[KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)$/;
/** Longest text that is looked at; more digits than that are no amount of anything. */
const MAX_CHARS = 200;

/** Why a text is no quantity; `undefined` when it is one. */
export function quantityFault(text: string): string | undefined {
  const suffix = text === "" || text.length > MAX_CHARS ? undefined : FORM_REGEXP.exec(text)?.[1];
  if (suffix === undefined) return BAD_FORM;
  return SUFFIX_REGEXP.test(suffix) ? undefined : BAD_SUFFIX;
}
