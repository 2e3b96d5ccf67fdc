import { Link, useLocation } from "wouter";
import { useHasModels, useOverview } from "../api/queries.ts";
import { Button } from "../components/Button.tsx";
import { classes } from "../components/classes.ts";
import { t } from "../i18n/index.ts";
import { hrefWith, useUrl } from "../state/url.ts";
import { Logo } from "./Logo.tsx";
import { NavIcon } from "./NavIcon.tsx";
import { NAV, navOf } from "./routes.tsx";

/** The way between screens; the period goes along, so that one looks at the same time everywhere. */
export function Rail({ isOpen, isNarrow, onNarrow, onClose }: {
  isOpen: boolean; isNarrow: boolean; onNarrow: (narrow: boolean) => void; onClose: () => void;
}) {
  const [path] = useLocation();
  const { range } = useUrl();
  const overview = useOverview();
  const hasModels = useHasModels();
  const here = navOf(path);
  const open = overview.data?.open_incidents ?? 0;
  return (
    <>
      {isOpen && <button type="button" className="rail-scrim" aria-label={t("word.close")} onClick={onClose} />}
      <nav className={classes("rail no-print", isOpen && "rail-open")} aria-label={t("nav.label")}>
        <Link href={hrefWith("/", { range })} className="brand" title={t("app.name")}>
          <Logo />
          <span className="rail-word">{t("app.name")}</span>
        </Link>
        <ul>
          {NAV.filter((item) => item.path !== "/models" || hasModels).map((item) => (
            <li key={item.path}>
              <Link
                href={hrefWith(item.path, item.path === "/settings" ? {} : { range })}
                className={classes("rail-item", here === item && "rail-here")}
                aria-current={here === item ? "page" : undefined}
                title={isNarrow ? t(item.title) : undefined}
              >
                <NavIcon name={item.icon} />
                <span className="rail-word">{t(item.title)}</span>
                {item.path === "/incidents" && open > 0 && (
                  <span className="rail-count" aria-hidden="true" title={t("nav.openincidents", { n: open })}>
                    {open > 999 ? "999+" : open}
                  </span>
                )}
              </Link>
            </li>
          ))}
        </ul>
        <div className="rail-foot">
          <Button
            look="quiet"
            icon={isNarrow ? "right" : "left"}
            aria-label={t(isNarrow ? "nav.expand" : "nav.collapse")}
            onClick={() => onNarrow(!isNarrow)}
          />
        </div>
      </nav>
    </>
  );
}
