import { useLocation } from "wouter";
import { Icon } from "../components/Icon.tsx";
import { TimeRange } from "../components/TimeRange.tsx";
import { t } from "../i18n/index.ts";
import { LiveControl } from "./LiveControl.tsx";
import { LookMenu } from "./LookMenu.tsx";
import { NavIcon } from "./NavIcon.tsx";
import { UserMenu } from "./UserMenu.tsx";

/** Screens whose content is no matter of a period. */
const TIMELESS = ["/settings", "/models", "/start"];

/** Period, live state, search, appearance, user. */
export function TopBar({ onMenu, onPalette, onKeys }: {
  onMenu: () => void; onPalette: () => void; onKeys: () => void;
}) {
  const [path] = useLocation();
  const isTimeless = TIMELESS.some((each) => path === each || path.startsWith(`${each}/`));
  return (
    <header className="topbar no-print">
      <button type="button" className="btn btn-quiet btn-icon topbar-menu" aria-label={t("nav.open")} onClick={onMenu}>
        <NavIcon name="menu" />
      </button>
      <button type="button" className="jump" onClick={onPalette} title={t("top.palettehint")} aria-keyshortcuts="Control+K Meta+K">
        <Icon name="search" />
        <span className="jump-word">{t("top.palette")}</span>
        <kbd>Ctrl K</kbd>
      </button>
      <span className="grow" />
      {!isTimeless && <TimeRange />}
      <LiveControl />
      <span className="topbar-end">
        <button type="button" className="btn btn-quiet btn-icon topbar-keys" aria-label={t("top.help")} title={`${t("top.help")} (?)`} onClick={onKeys}>
          <NavIcon name="keyboard" />
        </button>
        <LookMenu />
        <UserMenu />
      </span>
    </header>
  );
}
