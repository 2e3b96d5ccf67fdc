import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { post } from "../../api/client.ts";
import type { Counted } from "../../api/types.gen.ts";
import { Field } from "../../components/Field.tsx";
import { number } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Answer } from "../../components/States.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import { Bars } from "./Bars.tsx";

const DAYS = [1, 7, 30, 90] as const;
const USUAL = 60;

/** What another threshold would have meant for the incidents that are stored. */
export function WhatIf() {
  const [threshold, setThreshold] = useState(USUAL);
  const [days, setDays] = useState<number>(7);
  const wanted = useDeferredValue(threshold);
  const counted = useQuery({
    queryKey: ["thresholds", wanted, days],
    queryFn: ({ signal }) => post<Counted>("thresholds/simulate", { threshold: wanted, days }, { signal }),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel title={t("md.whatif")} sub={t("md.whatif.sub")}>
      <div className="col">
        <div className="row">
          <Field label={`${t("md.threshold")}: ${threshold}`}>
            {(ids) => <input {...ids} type="range" min={0} max={100} value={threshold} onChange={(event) => setThreshold(Number(event.target.value))} />}
          </Field>
          <Field label={t("md.days")}>
            {(ids) => (
              <select {...ids} className="input" value={days} onChange={(event) => setDays(Number(event.target.value))}>
                {DAYS.map((each) => <option key={each} value={each}>{each}</option>)}
              </select>
            )}
          </Field>
        </div>
        <Answer query={counted} lines={5}>
          {(data) => (
            <div className="col">
              <dl className="agree" aria-live="polite">
                <div>
                  <dt>{t("md.whatif.alarms")}</dt>
                  <dd>
                    {number(data.alarms_per_day, 1)} <span className="muted small">{t("md.whatif.of", { n: data.incidents, alarms: data.alarms })}</span>
                  </dd>
                </div>
                <div><dt>{t("md.whatif.lost")}</dt><dd>{number(data.confirmed_lost)}</dd></div>
                <div><dt>{t("md.whatif.kept")}</dt><dd>{number(data.confirmed_kept)}</dd></div>
                <div><dt>{t("md.whatif.avoided")}</dt><dd>{number(data.false_avoided)}</dd></div>
                <div><dt>{t("md.whatif.falsekept")}</dt><dd>{number(data.false_kept)}</dd></div>
              </dl>
              <Bars counts={data.risks ?? []} from={threshold} label={t("md.incidents")} summary={t("md.incidents.risk")} />
              {(data.lost ?? []).length > 0 && (
                <div>
                  <p>{t("md.whatif.losing")}</p>
                  <ul>
                    {(data.lost ?? []).map((each) => (
                      <li key={String(each["id"])}>
                        <Link href={`/incidents/${encodeURIComponent(String(each["id"]))}`}>{String(each["risk"])}</Link>{" "}
                        <Untrusted text={String(each["reason"] ?? "")} most={200} />
                      </li>
                    ))}
                  </ul>
                </div>
              )}
              {!data.complete && <p className="muted">{t("md.whatif.part")}</p>}
            </div>
          )}
        </Answer>
      </div>
    </Panel>
  );
}
