/** The server that load runs against: one client asks for far more than any client may by default. */
import { type SignetOptions, type SignetServer, startSignet } from "../support/server.ts";

/** Starts the executable with its defaults, but without limits on how many certificates one caller gets. */
export function startUnlimited(
  executable: string,
  { args = [], env = {} }: Pick<SignetOptions, "args" | "env"> = {},
): Promise<SignetServer> {
  const unlimited = ["--ratePerIdentity", "0", "--ratePerAddress", "0"];
  return startSignet({ executable, args: [...unlimited, ...args], env });
}
