import { components } from "../i18n/en/components.ts";

/** Stand-in until the dictionary of the page is there. */
export function t(key: keyof typeof components, params: Record<string, string | number> = {}): string {
  return components[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ""));
}
