/** Tables of templates that share their data. */
import type { TemplateCase } from "../case.ts";

/** Templates by what they are about. */
export type CaseTable = Readonly<Record<string, CaseGroup>>;

/** Templates that share their data. */
export interface CaseGroup extends Omit<TemplateCase, "template"> {
  /** Their texts. */
  readonly templates: readonly string[];
}

/** Every template of some tables with its group's name. */
export function casesOf(
  tables: readonly CaseTable[],
): readonly (TemplateCase & { readonly group: string })[] {
  return tables.flatMap((table) =>
    Object.entries(table).flatMap(([group, { templates, ...shared }]) =>
      templates.map((template) => ({ group, template, ...shared }))
    )
  );
}
