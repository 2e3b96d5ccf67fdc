import { useEffect } from "react";
import { getPref, usePref } from "../state/prefs.ts";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

/** Puts theme and density on the document; the style sheets do the rest. */
export function applyLook(): void {
  const { dataset } = document.documentElement;
  const theme = getPref<string>("theme", "system");
  if (theme === "light" || theme === "dark") dataset["theme"] = theme;
  else delete dataset["theme"];
  if (getPref<string>("density", "comfortable") === "compact") dataset["density"] = "compact";
  else delete dataset["density"];
}

/** Theme and density of this browser; the document follows. */
export function useLook() {
  const [theme, setTheme] = usePref<string>("theme", "system");
  const [density, setDensity] = usePref<string>("density", "comfortable");
  useEffect(applyLook, [theme, density]);
  return { theme, setTheme, density, setDensity };
}
