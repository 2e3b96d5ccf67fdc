import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Loading } from "../components/States.tsx";
import { Toasts } from "../components/Toast.tsx";
import { t } from "../i18n/index.ts";
import { usePref } from "../state/prefs.ts";
import { Announcer } from "./Announcer.tsx";
import { Banners } from "./Banners.tsx";
import { CommandPalette } from "./CommandPalette.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { NotFound } from "./NotFound.tsx";
import { followPrefs } from "./prefs.ts";
import { Rail } from "./Rail.tsx";
import { navOf, ROUTES } from "./routes.tsx";
import { useSession } from "./session.ts";
import { TopBar } from "./TopBar.tsx";
import { keepFresh } from "./fresh.ts";
import { useLook } from "./theme.ts";
import { useKeys } from "./useKeys.ts";

// Seldom wanted: not part of what is loaded first.
const KeyHelp = lazy(() => import("./KeyHelp.tsx").then(({ KeyHelp: it }) => ({ default: it })));
const SessionEnded = lazy(() => import("./SessionEnded.tsx").then(({ SessionEnded: it }) => ({ default: it })));

/** What is around every screen. */
export function Shell() {
  useLook();
  const { standing } = useSession();
  const [path] = useLocation();
  const [isNarrow, setNarrow] = usePref<boolean>("rail", false);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [over, setOver] = useState<"palette" | "keys" | null>(null);
  const client = useQueryClient();
  useKeys({ palette: () => setOver("palette"), help: () => setOver("keys") });
  useEffect(() => keepFresh(client), [client]);
  useEffect(() => followPrefs(), []);
  useEffect(() => {
    const nav = navOf(path);
    document.title = nav ? `${t(nav.title)} · ${t("app.name")}` : t("app.name");
    setMenuOpen(false);
  }, [path]);
  return (
    <div className={isNarrow ? "shell shell-narrow" : "shell"}>
      <a className="skip" href="#main" onClick={skip}>
        {t("nav.skip")}
      </a>
      <Rail isOpen={isMenuOpen} isNarrow={isNarrow} onNarrow={setNarrow} onClose={() => setMenuOpen(false)} />
      <div className="shell-body">
        <TopBar onMenu={() => setMenuOpen(true)} onPalette={() => setOver("palette")} onKeys={() => setOver("keys")} />
        <Banners />
        <main id="main" tabIndex={-1}>
          <ErrorBoundary key={path}>
            <Suspense fallback={<div className="screen"><Loading lines={8} /></div>}>
              <Switch>
                {ROUTES.map(({ path: at, screen: Screen }) => (
                  <Route key={at} path={at}>
                    <Screen />
                  </Route>
                ))}
                <Route>
                  <NotFound />
                </Route>
              </Switch>
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
      {over === "palette" && <CommandPalette onClose={() => setOver(null)} />}
      <Suspense fallback={null}>
        {over === "keys" && <KeyHelp onClose={() => setOver(null)} />}
        {standing === "ended" && <SessionEnded />}
      </Suspense>
      <Toasts />
      <Announcer />
    </div>
  );
}

/** In-page links would resolve against the base of the page. */
function skip(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
