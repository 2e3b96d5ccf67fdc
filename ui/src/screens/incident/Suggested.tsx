import type { Incident } from "../../api/types.ts";
import { Icon } from "../../components/Icon.tsx";
import { words } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { t, tOr } from "../../i18n/index.ts";

const PAYLOADS = new Set(["sqli", "nosqli", "xss", "cmdi", "traversal", "ssti", "ssrf", "xxe", "ldapi", "crlf", "log4shell", "deserialization", "rfi"]);

/** What to do about each attack type, the most urgent first. */
export function suggestions(incident: Incident): { key: string; title: string | null; text: string }[] {
  const out: { key: string; title: string | null; text: string }[] = [];
  if (incident.succeeded === true) out.push({ key: "succeeded", title: null, text: t("tr.do.succeeded") });
  for (const type of incident.attack_types.slice(0, 4)) {
    const text = tOr(`tr.do.${type}`, PAYLOADS.has(type) ? t("tr.do.payload") : t("tr.do.other"));
    if (!out.some((each) => each.text === text)) out.push({ key: type, title: words(type), text });
  }
  const kind = incident.entities[0]?.kind;
  if (kind === "user" || kind === "session" || kind === "credential") out.push({ key: "account", title: null, text: t(`tr.do.kind.${kind}`) });
  else if (incident.risk >= 60) out.push({ key: "client", title: null, text: t("tr.do.kind.client") });
  return out;
}

/** Advice in words; nothing is done by this page. */
export function Suggested({ incident }: { incident: Incident }) {
  return (
    <Panel title={t("tr.suggested")} className="suggested">
      <ol>
        {suggestions(incident).map((each) => (
          <li key={each.key}>
            <Icon name="right" />
            <span>{each.title && <strong>{each.title}: </strong>}{each.text}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
