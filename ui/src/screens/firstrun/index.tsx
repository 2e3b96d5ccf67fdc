import { PageHead, Panel } from "../../components/Panel.tsx";
import { t } from "../../i18n/index.ts";
import { Connect } from "../settings/Connect.tsx";
import { Arrived } from "../settings/Sources.tsx";
import "../settings/settings.css";

/** From "I have logs" to live data: choose, copy, see the first event. */
export default function FirstRun() {
  return (
    <div className="screen">
      <PageHead title={t("first.title")} sub={t("first.sub")} />
      <Panel title={`${t("first.one")} · ${t("first.two")}`}>
        <Connect />
      </Panel>
      <Panel title={t("first.three")}>
        <Arrived />
        <p className="muted">{t("first.demo")}</p>
      </Panel>
    </div>
  );
}
