import type { Explanation } from "../../api/types.ts";
import { Panel } from "../../components/Panel.tsx";
import { t } from "../../i18n/index.ts";

/** Where the field describes such attacks. Addresses are the service's own, never traffic's. */
export function References({ told }: { told: Explanation }) {
  return (
    <Panel title={t("tr.references")}>
      <ul className="references">
        {told.references.map((each) => (
          <li key={each.attack_type}>
            <span className="strong">{each.title}</span>
            <span className="row small">
              {[each.owasp, ...(each.cwe ?? []), ...(each.capec ?? []), ...(each.attack ?? [])].map((link) =>
                link && link.url.startsWith("https://") ? <a key={link.id} href={link.url} target="_blank" rel="noopener noreferrer">{link.id}</a> : link ? <span key={link.id}>{link.id}</span> : null,
              )}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
