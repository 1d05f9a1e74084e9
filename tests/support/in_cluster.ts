/** Running a program as a pod of a cluster does: with the credentials of a service account where Kubernetes mounts them. */
import { signetCommand } from "./server.ts";

const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The credentials' folder. */
export interface PodFiles {
  /** Where it is on this machine. */
  readonly directory: string;
  /** A script that runs signet with the folder mounted; takes signet's arguments. */
  readonly program: string;
}

/**
 * Makes the folder and a script that runs signet in a mount namespace of its own, in which it stands where pods have it.
 *
 * @param files `token` and `ca.crt`.
 */
export async function podFiles(
  dir: string,
  files: Readonly<Record<string, string>>,
): Promise<PodFiles> {
  const directory = `${dir}/serviceaccount`;
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  const { path, prefix } = signetCommand();
  const inside =
    `mount -t tmpfs tmpfs /run && mkdir -p ${DIRECTORY} && mount --bind ${directory} ${DIRECTORY} && exec "$@"`;
  const quoted = [path, ...prefix].map((word) => `'${word}'`).join(" ");
  const user = Deno.uid() === 0 ? "" : "--map-root-user";
  const program = `${dir}/in-pod`;
  await Deno.writeTextFile(
    program,
    `#!/bin/sh\nexec unshare --mount ${user} sh -c '${inside}' sh ${quoted} "$@"\n`,
  );
  await Deno.chmod(program, 0o755);
  return { directory, program };
}
