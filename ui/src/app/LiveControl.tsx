import { Button } from "../components/Button.tsx";
import { classes } from "../components/classes.ts";
import { t } from "../i18n/index.ts";
import { useKeymap } from "../state/keymap.ts";
import { live, useLink, useLive } from "../state/live.ts";

/** The state of the connection, and whether pictures move; `p` does the same. */
export function LiveControl() {
  const { state, paused } = useLink();
  const alerts = useLive("alerts");
  const { keyOf } = useKeymap();
  const shown = paused && state === "live" ? "paused" : state;
  return (
    <span className="live" role="group" aria-label={t("live.live")}>
      <span className={classes("live-state", `live-${shown}`)} title={paused ? undefined : t(`live.${state}.hint`)}>
        <span className="live-dot" aria-hidden="true" />
        <span className="live-word">{t(`live.${shown}`)}</span>
      </span>
      {paused && alerts.pending > 0 && <span className="live-new num">{t("live.new", { n: alerts.pending })}</span>}
      <Button
        look="quiet"
        icon={paused ? "play" : "pause"}
        aria-label={paused ? t("live.resume") : t("live.pause")}
        aria-keyshortcuts={keyOf("pause") || undefined}
        onClick={() => (paused ? live.resume() : live.pause())}
      />
    </span>
  );
}
