import { Link } from "wouter";
import { useIncidents } from "../../api/queries.ts";
import type { Incident } from "../../api/types.ts";
import { Chip } from "../../components/Chip.tsx";
import { words } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Empty, ErrorState, Loading } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import { hrefWith, useUrl } from "../../state/url.ts";

const SHOWN = 9;

/** What came up last and nobody has closed. */
export function NewestIncidents() {
  const { range } = useUrl();
  const found = useIncidents({
    filters: [{ field: "status", op: "ne", value: "resolved" }],
    sort: "-last_ts",
    limit: SHOWN,
  });
  return (
    <Panel title={t("ov.incidents")} actions={<Link href={hrefWith("/incidents", { range })}>{t("ov.incidents.all")}</Link>} flush>
      {found.error !== null && found.rows.length === 0 ? (
        <ErrorState error={found.error} onRetry={found.refetch} />
      ) : found.isLoading ? (
        <Loading />
      ) : found.rows.length === 0 ? (
        <Empty title={t("ov.incidents.none")} icon="check" />
      ) : (
        <ul className="incident-rows">
          {found.rows.slice(0, SHOWN).map((row) => (
            <Row key={row.id} row={row} href={hrefWith(`/incidents/${row.id}`, { range })} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ row, href }: { row: Incident; href: string }) {
  return (
    <li>
      <Link href={href} className="incident-row">
        <span className="incident-risk"><Severity severity={row.severity} risk={row.risk} /></span>
        <span className="incident-what">
          <span className="strong">
            {row.attack_types.slice(0, 3).map(words).join(", ")}
            {row.attack_types.length > 3 && <span className="muted"> +{row.attack_types.length - 3}</span>}
          </span>
          <span className="muted small clamp"><Untrusted text={row.reason} most={260} /></span>
        </span>
        <span className="incident-end">
          {row.succeeded === true && <Chip tone="bad">{t("ov.success.true")}</Chip>}
          {row.succeeded === false && <span className="muted small">{t("ov.success.false")}</span>}
          <span className="muted small"><Time ts={row.last_ts} mode="relative" /></span>
        </span>
      </Link>
    </li>
  );
}
