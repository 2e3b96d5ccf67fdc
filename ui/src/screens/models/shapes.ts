/** What the service tells of its models, where the OpenAPI document only says "object". */

export interface Scores {
  readonly counts: readonly number[];
  readonly thresholds: readonly number[];
}

export interface Drift {
  readonly rows: number;
  readonly warning: number;
  readonly change: number;
  readonly moved: number;
  readonly features: readonly { readonly name: string; readonly psi: number; readonly selected: boolean }[];
}

export interface Shadow {
  readonly bundle: string;
  readonly counts: readonly number[];
  readonly both_quiet: number;
  readonly shadow_alone: number;
  readonly active_alone: number;
  readonly both: number;
  readonly distance: number;
  readonly changed: boolean;
}

export interface Monitor {
  readonly bundle: string;
  readonly scores: Scores | null;
  readonly drift: Drift | null;
  readonly shadow: Shadow | null;
}

/** Names and values of what a bundle says of itself, by dotted name. */
export function facts(about: Readonly<Record<string, unknown>>, before = ""): [string, string][] {
  return Object.entries(about).flatMap(([name, value]) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return facts(value as Record<string, unknown>, `${before}${name}.`);
    }
    const text = typeof value === "string" ? value : typeof value === "number" ? String(Math.round(value * 1e6) / 1e6) : JSON.stringify(value);
    return [[`${before}${name}`, text] as [string, string]];
  });
}
