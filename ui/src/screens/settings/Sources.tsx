import { Link } from "wouter";
import { useSources } from "../../api/queries.ts";
import { Chip } from "../../components/Chip.tsx";
import { number } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Answer } from "../../components/States.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { Connect } from "./Connect.tsx";

const STATES: Readonly<Record<string, { title: Key; tone: "good" | "bad" | "warn" }>> = {
  receiving: { title: "src.receiving", tone: "good" },
  failing: { title: "src.failing", tone: "bad" },
};

const WAITING = { title: "src.waiting", tone: "warn" } as const;

/** Every way in and what became of it, and how to add one. */
export function Sources() {
  const sources = useSources();
  return (
    <>
      <Panel title={t("set.sources")} sub={t("src.sub")} flush>
        <Answer query={sources} lines={4}>
          {(data) => (
            <div className="scroll-x">
              <table className="plain-table">
                <caption className="sr-only">{t("set.sources")}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t("set.name")}</th>
                    <th scope="col">{t("src.kind")}</th>
                    <th scope="col">{t("set.state")}</th>
                    <th scope="col" className="end">{t("src.accepted")}</th>
                    <th scope="col" className="end">{t("src.duplicates")}</th>
                    <th scope="col" className="end">{t("src.rejected")}</th>
                    <th scope="col" className="end" title={t("src.lost.hint")}>{t("src.lost")}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((source) => {
                    const state = STATES[source.state] ?? WAITING;
                    return (
                      <tr key={source.name}>
                        <th scope="row"><Untrusted text={source.name} most={100} /></th>
                        <td>{source.kind}</td>
                        <td>
                          <Chip tone={state.tone}>{t(state.title)}</Chip>
                          {source.problem && <p className="small"><Untrusted text={source.problem} /></p>}
                        </td>
                        <td className="end num">{number(source.accepted)}</td>
                        <td className="end num">{number(source.deduplicated)}</td>
                        <td className="end num">{number(source.rejected)}</td>
                        <td className="end num">{number(source.deadlettered + source.shed)}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          )}
        </Answer>
      </Panel>
      <Panel title={t("src.connect")} sub={t("src.connect.sub")}>
        <div className="col">
          <Connect />
          <Arrived />
        </div>
      </Panel>
    </>
  );
}

/** Waits in sight for the first request, then says how many there are. */
export function Arrived() {
  const sources = useSources(1_000);
  const count = sources.data?.items.reduce((sum, each) => sum + each.accepted, 0) ?? 0;
  return (
    <p className="row" role="status">
      {count === 0 ? (
        <>
          <span className="waiting-dot" aria-hidden="true" />
          {t("src.waitingfor")}
        </>
      ) : (
        <>
          {t("src.arrived", { n: count })} <Link href="/explorer">{t("src.see")}</Link>
        </>
      )}
    </p>
  );
}
