import { Link } from "wouter";
import { useOverview } from "../../api/queries.ts";
import { PageHead, Panel } from "../../components/Panel.tsx";
import { t } from "../../i18n/index.ts";
import { hrefWith } from "../../state/url.ts";
import { Connect } from "../settings/Connect.tsx";
import { Snippet } from "../settings/Snippet.tsx";
import { Arrived } from "../settings/Sources.tsx";
import "../settings/settings.css";

const SEE = hrefWith("/explorer", { range: { from: "now-15m", to: "now" } });

/** From "I have logs" to live data: choose, copy, see the first event. */
export default function FirstRun() {
  const isDemo = useOverview().data?.demo ?? false;
  return (
    <div className="screen">
      <PageHead title={t("first.title")} sub={t("first.sub")} />
      <Panel title={`${t("first.one")} · ${t("first.two")}`}>
        <Connect />
      </Panel>
      <Panel title={t("first.three")}>
        {isDemo ? (
          <div className="col-s">
            <p><Link href={SEE}>{t("first.isdemo.see")}</Link></p>
            <p className="muted">{t("first.isdemo")}</p>
            <Snippet label={t("first.isdemo")} text="apisentinel serve --data-dir apisentinel-data" />
          </div>
        ) : (
          <div className="col-s">
            <Arrived />
            <p className="muted">{t("first.demo")}</p>
            <Snippet label={t("first.demo")} text="apisentinel up --data-dir demo" />
          </div>
        )}
      </Panel>
    </div>
  );
}
