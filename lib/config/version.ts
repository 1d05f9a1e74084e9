/** The version, in istiod's form. */

/** Equal to the version in deno.json: a test holds them together. */
export const VERSION = "0.1.0";

declare const SIGNET_GIT_REVISION: string | undefined;
declare const SIGNET_BUILD_STATUS: string | undefined;

/** `<version>-<git revision>-<status>`; from source the last two are `unknown` and `source`. */
export function versionText(): string {
  const revision = typeof SIGNET_GIT_REVISION === "string" ? SIGNET_GIT_REVISION : "unknown";
  const status = typeof SIGNET_BUILD_STATUS === "string" ? SIGNET_BUILD_STATUS : "source";
  return `${VERSION}-${revision}-${status}`;
}
