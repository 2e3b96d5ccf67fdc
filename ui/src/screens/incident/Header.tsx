import { apiUrl, exportUrl } from "../../api/client.ts";
import type { Explanation, IncidentDetail } from "../../api/types.ts";
import { StatusBadge, Succeeded, VerdictBadge } from "../../components/Badges.tsx";
import { Button } from "../../components/Button.tsx";
import { Chip } from "../../components/Chip.tsx";
import { saveBlob } from "../../components/chartPicture.ts";
import { copyText } from "../../components/clipboard.ts";
import { words } from "../../components/format.ts";
import { Menu } from "../../components/Menu.tsx";
import { RiskMeter, Severity } from "../../components/Severity.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import { useTriage } from "../triage/useTriage.ts";
import { saveCard } from "./card.ts";
import type { Story } from "./shapes.ts";

/** Risk, what it is, where the work stands, and what can be done. */
export function Header({ incident, why, story }: {
  incident: IncidentDetail; why: Explanation | undefined; story: Story | undefined;
}) {
  const triage = useTriage();
  const owasp = [...new Set(why?.references.flatMap((each) => (each.owasp ? [each.owasp.id] : [])) ?? [])];
  const exports = () => [
    { label: t("tr.export.json"), icon: "download" as const, onSelect: () => saveBlob(new Blob([JSON.stringify({ incident, explanation: why, timeline: story }, null, 2)], { type: "application/json" }), `apisentinel-${incident.id}.json`) },
    { label: t("tr.export.alerts"), icon: "download" as const, href: exportUrl("alerts", "csv", `f=${encodeURIComponent(`incident:eq:${incident.id}`)}`) },
    { label: t("tr.export.stix"), icon: "download" as const, href: apiUrl(`incidents/${incident.id}/stix`) },
    { label: t("tr.export.png"), icon: "download" as const, onSelect: () => why && saveCard(incident, why), reason: why ? null : t("c.loading") },
    { label: t("tr.print"), icon: "print" as const, onSelect: () => window.print() },
    "rule" as const,
    { label: t("tr.copylink"), icon: "link" as const, onSelect: () => copyText(window.location.href) },
    { label: t("tr.copyapi"), icon: "copy" as const, onSelect: () => copyText(apiUrl(`incidents/${incident.id}`)) },
  ];
  return (
    <header className="incident-head">
      <RiskMeter risk={incident.risk} size={88} />
      <div className="grow">
        <h1>{incident.attack_types.slice(0, 3).map(words).join(", ") || t("tr.incident")}{incident.attack_types.length > 3 && <span className="muted"> +{incident.attack_types.length - 3}</span>}</h1>
        <div className="row incident-tags">
          <Severity severity={incident.severity} risk={incident.risk} chip />
          <StatusBadge status={incident.status} />
          <VerdictBadge verdict={incident.verdict} />
          {incident.succeeded !== null && <Succeeded value={incident.succeeded} alone />}
          {owasp.slice(0, 3).map((id) => <Chip key={id}>OWASP {id}</Chip>)}
          {incident.closed && <Chip>{t("tr.closed")}</Chip>}
        </div>
        <p className="muted small">
          <span className="mono">{incident.id}</span> · {t("tr.began")} <Time ts={incident.first_ts} mode="both" /> · {t("tr.last")} <Time ts={incident.last_ts} mode="relative" />
          {" · "}{incident.assignee ? <>{t("tr.assignee")} <Untrusted text={incident.assignee} most={60} /></> : t("tr.unassigned")}
        </p>
      </div>
      <div className="row no-print">
        {incident.status === "open" && <Button look="primary" icon="check" reason={triage.reason} onClick={() => triage.change([incident], { status: "acknowledged" })}>{t("tr.acknowledge")}</Button>}
        {incident.status !== "resolved" ? (
          <Button look={incident.status === "acknowledged" ? "primary" : "plain"} reason={triage.reason} onClick={() => triage.change([incident], { status: "resolved" })}>{t("tr.resolve")}</Button>
        ) : (
          <Button reason={triage.reason} onClick={() => triage.change([incident], { status: "open" })}>{t("tr.reopen")}</Button>
        )}
        {triage.me !== null && incident.assignee !== triage.me && <Button icon="user" reason={triage.reason} onClick={() => triage.change([incident], { assignee: triage.me })}>{t("tr.assignme")}</Button>}
        <Menu label={t("tr.export")} entries={exports}>
          {(props) => <Button {...props} icon="download">{t("tr.export")}</Button>}
        </Menu>
      </div>
    </header>
  );
}
