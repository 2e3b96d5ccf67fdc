/** A colour as a canvas takes it: `var(--x)` becomes what it is now. */
export function canvasColor(color: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  if (!name) return color;
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

export const SEVERITY_COLORS: Readonly<Record<string, string>> = {
  CRITICAL: "var(--critical)",
  HIGH: "var(--high)",
  MEDIUM: "var(--medium)",
  LOW: "var(--low)",
};

const LINES = ["var(--line-1)", "var(--line-2)", "var(--line-3)", "var(--line-4)", "var(--line-5)"];

/** The colour of a line: that of its severity, else by its place. */
export function lineColor(key: string, at: number): string {
  return SEVERITY_COLORS[key] ?? LINES[at % LINES.length] ?? "var(--line-1)";
}
