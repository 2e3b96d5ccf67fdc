import { useState } from "react";
import { useEvent } from "../../api/queries.ts";
import type { EventRow } from "../../api/types.ts";
import { AttackTypes } from "../../components/Badges.tsx";
import { Button } from "../../components/Button.tsx";
import { copyText } from "../../components/clipboard.ts";
import { Drawer } from "../../components/Drawer.tsx";
import { bytes, millis, words } from "../../components/format.ts";
import { Payload } from "../../components/Payload.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Answer } from "../../components/States.tsx";
import { Tabs } from "../../components/Tabs.tsx";
import { Time } from "../../components/Time.tsx";
import { Pieces, Untrusted } from "../../components/Untrusted.tsx";
import { Value } from "../../components/Value.tsx";
import { visibleText } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";
import { pathOf, StatusCode } from "./eventColumns.tsx";

const FIELDS = ["client", "network", "user", "session", "credential", "user_agent", "referer", "agent_kind", "host", "endpoint", "source"] as const;
const KINDS: Partial<Record<(typeof FIELDS)[number], string>> = { client: "client", network: "network", user: "user", session: "session", credential: "credential", endpoint: "endpoint" };

/** One judged request: what was asked, by whom, and what was thought of it. */
export function EventDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const event = useEvent(id);
  const [tab, setTab] = useState("decoded");
  const row = event.data;
  return (
    <Drawer title={row ? <span className="mono">{row.method} <Untrusted text={row.path ?? ""} most={80} /></span> : t("tr.request")} onClose={onClose}>
      <Answer query={event}>
        {(data) => (
          <div className="col">
            <div className="row">
              {data.risk !== null && <Severity severity={data.severity} risk={data.risk} chip />}
              <AttackTypes types={data.attack_types ?? []} most={4} />
              <StatusCode status={data.status} />
              <span className="muted"><Time ts={data.ts} mode="both" ms /></span>
            </div>
            {data.reason && <p><Untrusted text={data.reason} most={1000} /></p>}
            <Tabs
              label={t("tr.request")}
              value={tab}
              onChange={setTab}
              tabs={[{ key: "decoded", title: t("c.decoded") }, { key: "json", title: "JSON" }]}
            >
              {tab === "json" ? <Json row={data} /> : <Request row={data} />}
            </Tabs>
          </div>
        )}
      </Answer>
    </Drawer>
  );
}

function Request({ row }: { row: EventRow }) {
  return (
    <div className="col">
      <Payload text={pathOf(row)} />
      <Fields row={row} />
    </div>
  );
}

function Fields({ row }: { row: EventRow }) {
  return (
    <dl className="facts">
      {FIELDS.map((name) => row[name] !== null && (
        <FactRow key={name} name={name}><Value field={name} value={row[name]} {...(KINDS[name] ? { kind: KINDS[name] } : {})} most={240} wrap /></FactRow>
      ))}
      <FactRow name="duration">{millis(row.duration_us === null ? null : row.duration_us / 1000)}</FactRow>
      <FactRow name="sent">{bytes(row.request_bytes)}</FactRow>
      <FactRow name="received">{bytes(row.response_bytes)}</FactRow>
      {(row.detectors?.length ?? 0) > 0 && <FactRow name="detectors">{row.detectors?.map(words).join(", ")}</FactRow>}
      <FactRow name="seq"><span className="num">{row.seq}</span></FactRow>
    </dl>
  );
}

function FactRow({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{words(name)}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Json({ row }: { row: EventRow }) {
  const text = JSON.stringify(row, null, 2);
  return (
    <div className="payload">
      <div className="payload-head">
        <span />
        <Button small look="quiet" icon="copy" aria-label={t("c.copy")} onClick={() => copyText(text)} />
      </div>
      <pre tabIndex={0} aria-label="JSON">
        {text.split("\n").map((line, at) => <span key={at}><bdi><Pieces text={line.length > 2000 ? visibleText(line, 2000) : line} /></bdi>{"\n"}</span>)}
      </pre>
    </div>
  );
}
