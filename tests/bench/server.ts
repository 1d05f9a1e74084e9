/** The server that load runs against: one client asks for far more than any client may by default. */
import { type SignetServer, startSignet } from "../support/server.ts";

/** Starts the executable with its defaults, but without limits on how many certificates one caller gets. */
export function startUnlimited(executable: string): Promise<SignetServer> {
  return startSignet({ executable, args: ["--ratePerIdentity", "0", "--ratePerAddress", "0"] });
}
