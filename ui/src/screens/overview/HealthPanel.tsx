import { useHealth } from "../../api/queries.ts";
import type { HealthItem, Overview } from "../../api/types.ts";
import { classes } from "../../components/classes.ts";
import { compact, number, span } from "../../components/format.ts";
import { Icon } from "../../components/Icon.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Loading } from "../../components/States.tsx";
import { t, tOr } from "../../i18n/index.ts";
import { useLive } from "../../state/live.ts";

/** Whether the service itself is well: every check, and the books of what was received. */
export function HealthPanel({ overview }: { overview: Overview | undefined }) {
  const asked = useHealth();
  const told = useLive<HealthItem>("health").items[0];
  const checks = told?.checks ?? asked.data?.checks ?? undefined;
  const failing = Object.values(checks ?? {}).filter((check) => !check.ok).length;
  const counters = overview?.counters ?? {};
  const figures: [string, string][] = [
    [t("ov.received"), compact(counters["received"])],
    [t("ov.judged"), compact(overview?.judged)],
    [t("ov.rejected"), compact(counters["rejected"])],
    [t("ov.dedup"), compact(counters["deduplicated"])],
    [t("ov.lag"), `${number(overview?.lag_seconds ?? 0, 1)} s`],
    [t("ov.stored"), compact(overview?.stored["events"])],
  ];
  return (
    <Panel
      title={t("ov.health")}
      sub={failing > 0 ? t("ov.health.bad", { n: failing }) : t("ov.health.ok")}
      actions={
        asked.data?.version && (
          <span className="muted small">
            {t("ov.version", { version: asked.data.version, span: span((asked.data.uptime_seconds ?? 0) * 1_000) })}
          </span>
        )
      }
    >
      {checks === undefined ? (
        <Loading lines={3} />
      ) : (
        <div className="health">
          <dl className="health-figures">
            {figures.map(([name, value]) => (
              <div key={name}>
                <dt className="muted small">{name}</dt>
                <dd className="num">{value}</dd>
              </div>
            ))}
          </dl>
          <ul className="checks">
            {Object.entries(checks).map(([name, check]) => (
              <li key={name} className={classes("check-row", !check.ok && "check-bad")}>
                <Icon name={check.ok ? "check" : "alert"} />
                <span className="strong">{tOr(`ov.check.${name}`, name)}</span>
                <span className="sr-only">{t(check.ok ? "ov.ok" : "ov.failing")}</span>
                <span className="muted small ellipsis" title={check.detail}>{check.detail}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Panel>
  );
}
