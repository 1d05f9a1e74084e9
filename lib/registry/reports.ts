/** What a registry says of its documents, each thing once: faults, warnings, documents that do nothing. */
import type { DocumentFault } from "../istio/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";
import type { Collected } from "./collect.ts";
import { leftAlone, withoutEffect } from "./effect.ts";

/** Says what is new. */
export interface Reports {
  /** Faults of the documents of now. */
  readonly faults: number;
  /** Looks at the documents of now. */
  report(collected: Collected): void;
}

/** Makes a {@linkcode Reports} that has said nothing yet. */
export function createReports(logger: Logger): Reports {
  let faults: ReadonlySet<string> = new Set();
  let warned: ReadonlySet<string> = new Set();
  let idle = "";
  const news = (known: ReadonlySet<string>, found: readonly DocumentFault[]) =>
    found.filter((each) => !known.has(textOf(each)));
  return {
    get faults() {
      return faults.size;
    },
    report(collected) {
      for (const fault of news(faults, collected.faults)) {
        const { file, line, field, reason } = fault;
        const what = "Document refused; the last good state of its file stays";
        logger.error(EVENT.registryFault, what, { file, line, field, reason });
      }
      faults = new Set(collected.faults.map(textOf));
      for (const { file, line, field, reason } of news(warned, collected.warnings)) {
        const what = "Document taken; it is probably not meant so";
        logger.warn(EVENT.registryWarning, what, { file, line, field, reason });
      }
      warned = new Set(collected.warnings.map(textOf));
      const { documents, unread } = collected;
      const found = { withoutEffect: withoutEffect(documents), leftAlone: leftAlone(unread) };
      if (JSON.stringify(found) === idle) return;
      idle = JSON.stringify(found);
      if (found.withoutEffect === "" && found.leftAlone === "") return;
      logger.info(EVENT.registryIdle, "Documents that have no effect yet", found);
    },
  };
}

function textOf({ file, line, field, reason }: DocumentFault): string {
  return `${file}:${line}: ${field} ${reason}`;
}
