/** What a look at one part of a configuration found. */
import { isSignetError, messageOf } from "../../base/mod.ts";

/** One thing that was looked at. */
export interface Look {
  /** What it is about. */
  readonly about: string;
  /**
   * `fault`: the start would fail here and now. `config`: the configuration is wrong, and the start would fail anywhere.
   * `refused`: the server would start and leave this out. `warning`: an operator should know.
   */
  readonly status: "ok" | "warning" | "refused" | "fault" | "config";
  /** What is, what would be, what to do. */
  readonly detail: string;
}

/** All is well. */
export function ok(about: string, detail: string): Look {
  return { about, status: "ok", detail };
}

/** An operator should know. */
export function warning(about: string, detail: string): Look {
  return { about, status: "warning", detail };
}

/** The start would fail. */
export function fault(about: string, detail: string): Look {
  return { about, status: "fault", detail };
}

/** What a look finds, or the error that would end the start. */
export async function guarded(
  about: string,
  look: () => Promise<readonly Look[]>,
): Promise<readonly Look[]> {
  try {
    return await look();
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return [{
      about,
      status: ["config.bad_value", "kube.bad_config", "inject.bad_config"].includes(thrown.code)
        ? "config"
        : "fault",
      detail: messageOf(thrown),
    }];
  }
}
