import { alerts } from "./en/alerts.ts";
import { components } from "./en/components.ts";
import { explorer } from "./en/explorer.ts";
import { models } from "./en/models.ts";
import { overview } from "./en/overview.ts";
import { settings } from "./en/settings.ts";
import { shell } from "./en/shell.ts";
import { triage } from "./en/triage.ts";

/** All words of the page in English; each room keeps its own. */
export const en = {
  ...shell,
  ...components,
  ...triage,
  ...models,
  ...overview,
  ...alerts,
  ...explorer,
  ...settings,
} as const;
