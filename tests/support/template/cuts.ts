/** Templates that were cut short, or lost a character: hostile, and always the same. */
import type { TemplateCase } from "./case.ts";

/** Of each template some parts: its beginnings and what is left without some characters. */
export function* cuts(cases: readonly TemplateCase[]): Generator<TemplateCase> {
  for (const one of cases) {
    const { template } = one;
    const step = Math.max(1, Math.floor(template.length / 4));
    for (let at = 1; at < template.length; at += step) {
      yield { ...one, template: template.slice(0, at) };
      yield { ...one, template: template.slice(at) };
      yield { ...one, template: template.slice(0, at - 1) + template.slice(at) };
    }
  }
}
