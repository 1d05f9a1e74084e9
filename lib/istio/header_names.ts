/** Names of headers of HTTP. */

/** RFC 9110 section 5.6.2: a token. */
const TOKEN_REGEXP = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;

/** What is wrong with the name of a header. */
export function tokenFault(name: string): string | undefined {
  if (name === "") return "header name cannot be empty";
  return TOKEN_REGEXP.test(name) ? undefined : `header name ${name} is not a valid header name`;
}
