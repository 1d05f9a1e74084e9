/** A look at the injector's folder, for an operator before a start. */
import { badConfig, readSettings } from "./settings.ts";
import { isDirectory, readTexts } from "./watch.ts";

/** What the folder holds. */
export interface InjectorReport {
  /** `enabled`, `disabled`, or what means neither. */
  readonly policy: string;
  /** Names of its templates, in order. */
  readonly templates: readonly string[];
  /** Templates of pods that name none, of which there is no such one. */
  readonly missing: readonly string[];
}

/**
 * Reads the folder as the injector would.
 *
 * @returns `undefined` when it is not there.
 * @throws {SignetError} `inject.bad_config`.
 */
export async function checkInjector(directory: string): Promise<InjectorReport | undefined> {
  if (!await isDirectory(directory)) return undefined;
  const [config, values] = await readTexts([`${directory}/config`, `${directory}/values`]);
  if (config === undefined) throw badConfig(`${directory}/config is not there`);
  if (values === undefined) throw badConfig(`${directory}/values is not there`);
  const { policy, templates, defaultTemplates, aliases } = readSettings(config, values);
  const wanted = defaultTemplates.flatMap((name) => aliases.get(name) ?? [name]);
  return {
    policy,
    templates: [...templates.keys()].sort(),
    missing: wanted.filter((name) => !templates.has(name)),
  };
}
