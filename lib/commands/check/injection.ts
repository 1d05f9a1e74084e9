/** Sidecar injection: where its configuration would come from, and what is wrong with it. */
import type { Config } from "../../config/mod.ts";
import { checkInjector } from "../../inject/mod.ts";
import { guarded, type Look, ok, warning } from "./look.ts";

/** Looks at the injector's folder. */
export function lookAtInjection({ inject }: Config): Promise<readonly Look[]> {
  const about = "injection";
  if (inject === undefined) return Promise.resolve([ok(about, "turned off by INJECT_ENABLED")]);
  return guarded(about, async () => {
    const { directory, configMap } = inject;
    const report = await checkInjector(directory);
    if (report === undefined) {
      return configMap === undefined
        ? [ok(about, `none: there is neither ${directory} nor a cluster`)]
        : [
          ok(
            about,
            `by ConfigMap ${configMap.namespace}/${configMap.name}, or signet's own template`,
          ),
        ];
    }
    const { policy, templates, missing } = report;
    const looks = [ok(about, `${directory}: policy ${policy}, templates ${templates.join(", ")}`)];
    if (policy !== "enabled" && policy !== "disabled") {
      looks.push(warning(about, `policy is ${JSON.stringify(policy)}: nothing would be injected`));
    }
    for (const name of missing) {
      looks.push(
        warning(about, `defaultTemplates names ${JSON.stringify(name)}, which is no template`),
      );
    }
    return looks;
  });
}
