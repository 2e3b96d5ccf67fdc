import { apiUrl } from "../../api/client.ts";
import { useHealth } from "../../api/queries.ts";
import { serverUrl } from "../../app/base.ts";
import { Chip } from "../../components/Chip.tsx";
import { span } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Answer } from "../../components/States.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";

/** Version, health of every part, licences. */
export function About() {
  const health = useHealth();
  return (
    <>
      <Panel title={t("set.about")}>
        <Answer query={health} lines={4}>
          {(data) => (
            <dl className="facts">
              <dt>{t("abt.version")}</dt>
              <dd>{data.version}</dd>
              <dt>{t("abt.state")}</dt>
              <dd><Chip tone={data.status === "ok" ? "good" : "bad"}>{data.status}</Chip></dd>
              <dt>{t("abt.uptime")}</dt>
              <dd>{span((data.uptime_seconds ?? 0) * 1000)}</dd>
              <dt>{t("abt.lag")}</dt>
              <dd>{span((data.lag_seconds ?? 0) * 1000)}</dd>
              <dt>{t("abt.licence")}</dt>
              <dd>
                {t("abt.apache")} · <a href={serverUrl("third-party-notices.txt").toString()} target="_blank" rel="noreferrer">{t("abt.notices")}</a>
              </dd>
              <dt>{t("abt.api")}</dt>
              <dd><a href={apiUrl("openapi.json")} target="_blank" rel="noreferrer">OpenAPI</a></dd>
            </dl>
          )}
        </Answer>
      </Panel>
      <Panel title={t("abt.checks")} flush>
        <Answer query={health} lines={6}>
          {(data) => (
            <table className="plain-table">
              <caption className="sr-only">{t("abt.checks")}</caption>
              <tbody>
                {Object.entries(data.checks ?? {}).map(([name, check]) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td><Chip tone={check.ok ? "good" : "bad"}>{check.ok ? "ok" : t("src.failing")}</Chip></td>
                    <td><Untrusted text={check.detail} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Answer>
      </Panel>
    </>
  );
}
