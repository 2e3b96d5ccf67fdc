import { Menu, type MenuEntry } from "../components/Menu.tsx";
import { t } from "../i18n/index.ts";
import { usePref } from "../state/prefs.ts";
import { NavIcon } from "./NavIcon.tsx";
import { useLook } from "./theme.ts";

const THEMES = ["system", "light", "dark"] as const;
const DENSITIES = ["comfortable", "compact"] as const;
const TIMES = ["relative", "absolute"] as const;

/** Theme, density and how times are written. */
export function LookMenu() {
  const { theme, setTheme, density, setDensity } = useLook();
  const [times, setTimes] = usePref<string>("times", "relative");
  const entries: MenuEntry[] = [
    { title: t("top.theme") },
    ...THEMES.map((each) => ({
      label: t(`top.theme.${each}`),
      checked: theme === each,
      onSelect: () => setTheme(each),
    })),
    { title: t("top.density") },
    ...DENSITIES.map((each) => ({
      label: t(`top.density.${each}`),
      checked: density === each,
      onSelect: () => setDensity(each),
    })),
    { title: t("top.times") },
    ...TIMES.map((each) => ({
      label: t(`top.times.${each}`),
      checked: times === each,
      onSelect: () => setTimes(each),
    })),
  ];
  return (
    <Menu entries={entries} label={t("top.look")}>
      {(props) => (
        <button type="button" {...props} className="btn btn-quiet btn-icon" aria-label={t("top.look")} title={t("top.look")}>
          <NavIcon name="sun" />
        </button>
      )}
    </Menu>
  );
}
