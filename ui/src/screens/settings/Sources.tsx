import { Link } from "wouter";
import { useSources } from "../../api/queries.ts";
import { Chip } from "../../components/Chip.tsx";
import { number } from "../../components/format.ts";
import { ListTable } from "../../components/ListTable.tsx";
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
            <ListTable
              label={t("set.sources")}
              rows={data.items}
              rowKey={(source) => source.name}
              columns={[
                { title: t("set.name"), heads: true, render: (source) => <Untrusted text={source.name} most={100} /> },
                { title: t("src.kind"), render: (source) => source.kind },
                {
                  title: t("set.state"),
                  render: (source) => {
                    const state = STATES[source.state] ?? WAITING;
                    return (
                      <>
                        <Chip tone={state.tone}>{t(state.title)}</Chip>
                        {source.problem && <p className="small"><Untrusted text={source.problem} /></p>}
                      </>
                    );
                  },
                },
                { title: t("src.accepted"), figure: true, render: (source) => number(source.accepted) },
                { title: t("src.duplicates"), figure: true, render: (source) => number(source.deduplicated) },
                { title: t("src.rejected"), figure: true, render: (source) => number(source.rejected) },
                { title: t("src.lost"), figure: true, hint: t("src.lost.hint"), render: (source) => number(source.deadlettered + source.shed) },
              ]}
            />
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
