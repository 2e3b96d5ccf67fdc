import { useMemo } from "react";
import { Link, useParams } from "wouter";
import { type Change, useExplanation, useGraph, useIncident, useIncidentAlerts, useSimilar, useTimeline } from "../../api/queries.ts";
import type { EntityRef, Incident } from "../../api/types.ts";
import { Icon } from "../../components/Icon.tsx";
import { words } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Answer, Empty } from "../../components/States.tsx";
import { FilterScope } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { hrefWith, useUrl, useUrlValue } from "../../state/url.ts";
import type { Action } from "../response/useDecisions.ts";
import { ResponsePanel } from "../response/ResponsePanel.tsx";
import { usePageKeys } from "../triage/usePageKeys.ts";
import { useTitle } from "../triage/useTitle.ts";
import { useTriage } from "../triage/useTriage.ts";
import { Why } from "../triage/Why.tsx";
import { Agreement } from "./Agreement.tsx";
import { Comments } from "./Comments.tsx";
import { Evidence } from "./Evidence.tsx";
import { Facts } from "./Facts.tsx";
import { Header } from "./Header.tsx";
import { References } from "./References.tsx";
import { Sentence } from "./Sentence.tsx";
import type { Graph, SimilarIncidents, Story } from "./shapes.ts";
import { Similar } from "./Similar.tsx";
import { Suggested } from "./Suggested.tsx";
import { StoryPanel } from "./StoryPanel.tsx";
import { Verdict } from "./Verdict.tsx";
import "../triage/triage.css";
import "./incident.css";

const NO_FILTERS: readonly string[] = [];

/** Whom a decision about an incident may be about: those who acted, then where. */
function targetsOf(incident: Incident): EntityRef[] {
  return [...incident.entities, ...incident.endpoints.slice(0, 2).map((id) => ({ kind: "endpoint" as const, id }))];
}

/** The mildest action that helps. */
function actionOf(incident: Incident): Action {
  const kind = incident.entities[0]?.kind;
  if (kind === "session") return "revoke_session";
  if (kind === "user" || kind === "credential") return "step_up";
  return incident.risk >= 80 ? "block" : "rate_limit";
}

type Period = { from: number; to: number } | null;

/** The part of the story that is looked at, as the address has it: two moments in ms. */
function periodOf(text: string): Period {
  const [, from, to] = /^(\d{10,15})-(\d{10,15})$/.exec(text) ?? [];
  return from === undefined || to === undefined ? null : { from: Number(from), to: Number(to) };
}

function focusOn(selector: string): void {
  const found = document.querySelector<HTMLElement>(selector);
  found?.scrollIntoView({ block: "center" });
  found?.focus();
}

/** The incident of the address; another one begins anew, with nothing half typed. */
export default function IncidentScreen() {
  const id = useParams()["id"] ?? "";
  return <OneIncident key={id} id={id} />;
}

/** One incident: what happened, why it is thought so, the evidence, and what people make of it. */
function OneIncident({ id }: { id: string }) {
  const { range } = useUrl();
  const incident = useIncident(id);
  const why = useExplanation(id);
  const story = useTimeline<Story>(id);
  const graph = useGraph<Graph>(id);
  const similar = useSimilar<SimilarIncidents>(id);
  const alerts = useIncidentAlerts(id, { limit: 200 });
  const [part, setPart] = useUrlValue("part");
  const brushed = useMemo(() => periodOf(part), [part]);
  const setBrushed = (to: Period) => setPart(to === null ? null : `${Math.floor(to.from)}-${Math.ceil(to.to)}`);

  const triage = useTriage();
  const row = incident.data;
  const change = (changes: Change) => row && triage.change([row], changes);
  usePageKeys({
    a: () => change({ status: "acknowledged" }),
    r: () => change({ status: "resolved" }),
    f: () => change({ verdict: "false_positive" }),
    c: () => focusOn("[data-comment]"),
    b: () => focusOn("[data-respond] select"),
  });
  useTitle(row ? `${row.risk} ${row.attack_types.slice(0, 2).map(words).join(", ")}` : null);

  return (
    <FilterScope fields={NO_FILTERS}>
      <div className="screen incident">
        <nav aria-label={t("tr.back")} className="no-print">
          <Link className="back" href={hrefWith("/incidents", { range })}><Icon name="back" /> {t("tr.incidents")}</Link>
        </nav>
        <Answer query={incident} lines={12}>
          {(data) => (
            <div className="col">
              {data.merged_into && (
                <div className="notice notice-warn">
                  {t("tr.merged")} <Link href={hrefWith(`/incidents/${data.merged_into}`, { range })}>{data.merged_into}</Link>
                </div>
              )}
              <Header incident={data} why={why.data} story={story.data} />
              <div className="incident-lead panel">
                <Sentence incident={data} />
                <Facts incident={data} why={why.data} />
              </div>
              <div className="split">
                <div className="col">
                  <Panel title={t("tr.why")} sub={t("tr.why.sub")} flush>
                    <Answer query={why}>{(told) => <Why told={told} />}</Answer>
                  </Panel>
                  <Panel title={t("tr.story")} sub={t("tr.story.sub")}>
                    <Answer query={story}>{(told) => <StoryPanel story={told} incident={data} brushed={brushed} onBrushed={setBrushed} />}</Answer>
                  </Panel>
                  <Panel title={t("tr.evidence")} flush>
                    <Evidence incident={data} alerts={alerts} story={story} graph={graph} brushed={brushed} />
                  </Panel>
                  <Panel title={t("tr.similar")} sub={t("tr.similar.sub")} flush>
                    <Answer query={similar}>{(found) => (found.items.length === 0 && found.prevalence.length === 0 ? <Empty title={t("tr.similar.none")} /> : <Similar found={found} />)}</Answer>
                  </Panel>
                </div>
                <div className="col">
                  <Suggested incident={data} />
                  <ResponsePanel targets={targetsOf(data)} incident={id} filter={{ field: "incident", op: "eq", value: id }} suggested={actionOf(data)} />
                  <Verdict incident={data} />
                  <Panel title={t("tr.agreement")}>
                    <Answer query={why}>{(told) => <Agreement told={told} />}</Answer>
                  </Panel>
                  <Comments incident={data} />
                  {why.data && why.data.references.length > 0 && <References told={why.data} />}
                </div>
              </div>
            </div>
          )}
        </Answer>
      </div>
    </FilterScope>
  );
}
