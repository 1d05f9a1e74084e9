/** The few instructions of a Dockerfile that make sense for an image without a shell; any other is an error. */

/** What a Dockerfile says about one image. */
export interface ImageConfig {
  /** The base image. */
  readonly base: string;
  /** Files from the build context. */
  readonly copies: readonly {
    readonly source: string;
    readonly target: string;
    readonly mode: number;
  }[];
  /** Numbers of user and group. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Working directory. */
  readonly workdir: string;
  /** Folders that are kept outside of the image. */
  readonly volumes: readonly string[];
  /** The program, before the arguments. */
  readonly entrypoint: readonly string[];
  /** The arguments when none are given. */
  readonly cmd: readonly string[];
  /** The program that says whether the server is well. */
  readonly healthcheck: readonly string[];
}

type Draft = { -readonly [Key in keyof ImageConfig]: ImageConfig[Key] };

/** Reads a Dockerfile. */
export function parseDockerfile(text: string): ImageConfig {
  const draft: Draft = {
    base: "",
    copies: [],
    user: { uid: 0, gid: 0 },
    workdir: "/",
    volumes: [],
    entrypoint: [],
    cmd: [],
    healthcheck: [],
  };
  const args = new Map<string, string>();
  for (const line of text.replaceAll(/\\\n/g, " ").split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, instruction = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    apply(draft, instruction, rest, args);
  }
  return draft;
}

function apply(draft: Draft, instruction: string, rest: string, args: Map<string, string>): void {
  const list = () => JSON.parse(rest.slice(rest.indexOf("["))) as string[];
  switch (instruction) {
    case "ARG": {
      const [name = "", value = ""] = rest.split("=");
      return void args.set(name, value);
    }
    case "FROM":
      return void (draft.base = rest.replaceAll(/\$\{(\w+)\}/g, (_, name) => args.get(name) ?? ""));
    case "COPY": {
      const [, mode, source, target] = /^--chmod=(\d+) (\S+) (\S+)$/.exec(rest) ?? [];
      if (!mode || !source || !target) break;
      draft.copies = [...draft.copies, { source, target, mode: parseInt(mode, 8) }];
      return;
    }
    case "USER": {
      const [, uid, gid] = /^(\d+):(\d+)$/.exec(rest) ?? [];
      if (!uid || !gid) break;
      return void (draft.user = { uid: Number(uid), gid: Number(gid) });
    }
    case "WORKDIR":
      return void (draft.workdir = rest);
    case "VOLUME":
      return void (draft.volumes = list());
    case "ENTRYPOINT":
      return void (draft.entrypoint = list());
    case "CMD":
      return void (draft.cmd = list());
    case "HEALTHCHECK":
      return void (draft.healthcheck = list());
    case "EXPOSE": // says something to people, changes nothing
      return;
  }
  throw new TypeError(`Cannot apply Dockerfile: ${instruction} ${rest} is not understood`);
}
