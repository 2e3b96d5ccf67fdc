import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useHealth, useOverview } from "../api/queries.ts";
import { Button } from "../components/Button.tsx";
import { clock, number } from "../components/format.ts";
import { Icon } from "../components/Icon.tsx";
import { t } from "../i18n/index.ts";
import { live, useLink } from "../state/live.ts";

/** Lag from which on it is worth a word. */
const LAG_S = 5;

/** What one has to know before believing what is on the screen. */
export function Banners() {
  const link = useLink();
  const overview = useOverview();
  const health = useHealth();
  const [first] = useState({ version: null as string | null });
  first.version ??= link.version;
  const data = overview.data;
  const level = data?.degradation.level ?? 0;
  const lag = data?.lag_seconds ?? 0;
  const failing = Object.entries(health.data?.checks ?? {}).filter(([, check]) => !check.ok);
  const isDemo = link.demo ?? data?.demo ?? false;
  return (
    <section className="banners no-print" aria-label={t("banners.label")}>
      {isDemo && (
        <p className="banner banner-demo">
          <Icon name="info" />
          <span>{t("demo.banner")}</span>
          <Link href="/start">{t("demo.more")}</Link>
        </p>
      )}
      <Connection />
      {failing.length > 0 && (
        <p className="banner banner-bad" role="alert">
          <Icon name="alert" />
          <span>{t("failing.banner", { checks: failing.map(([name, check]) => `${name}: ${check.detail}`).join("; ") })}</span>
        </p>
      )}
      {(level > 0 || lag >= LAG_S) && (
        <p className="banner banner-warn" role="status">
          <Icon name="alert" />
          <span>
            {level > 0 && t("degraded.banner", { meaning: data?.degradation.meaning ?? "" })}{" "}
            {lag >= LAG_S && t("degraded.lag", { s: number(lag, 0) })}
          </span>
        </p>
      )}
      {first.version !== null && link.version !== null && first.version !== link.version && (
        <p className="banner banner-warn" role="status">
          <Icon name="info" />
          <span>{t("version.banner", { version: link.version })}</span>
          <Button small onClick={() => window.location.reload()}>{t("version.reload")}</Button>
        </p>
      )}
    </section>
  );
}

/** The connection, when there is something to say about it. */
function Connection() {
  const { state, retryAt } = useLink();
  const isAway = state === "reconnecting" || state === "polling" || state === "stale";
  const now = useSeconds(isAway);
  if (!isAway) return null;
  const wait = Math.max(0, Math.ceil(((retryAt ?? now) - now) / 1_000));
  const heard = live.stream.heardAt;
  return (
    <div className="banner banner-warn">
      <Icon name="alert" />
      <span>
        {/* Said once; the seconds that run down are for the eyes. */}
        <span className="sr-only" role="status">{t(`live.${state}.hint`)}</span>
        {state === "polling"
          ? t("link.polling", { s: wait })
          : wait > 0 && heard !== null
            ? t("link.lost", { s: wait, time: clock(heard) })
            : t("link.now")}
      </span>
      <Button small onClick={() => live.stream.hurry()}>{t("link.retry")}</Button>
    </div>
  );
}

/** The time in ms, anew every second while it is wanted. */
function useSeconds(isWanted: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isWanted) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isWanted]);
  return now;
}
