import { number, words } from "../../components/format.ts";
import { Empty } from "../../components/States.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import type { Links } from "./shapes.ts";

const FEW = 8;

/** What its requests have in common with: a list for each kind, the most frequent first. */
export function Linked({ links }: { links: Links["links"] }) {
  const known = links.filter((each) => each.values.length > 0);
  if (known.length === 0) return <Empty title={t("tr.links.none")} />;
  return (
    <div className="col-s linked">
      {known.map(({ kind, values }) => {
        const most = Math.max(1, ...values.map((each) => each.requests));
        return (
          <section key={kind}>
            <h3 className="muted small">{words(kind)} <span className="num">{values.length}</span></h3>
            <ul>
              {values.slice(0, FEW).map((each) => (
                <li key={each.id}>
                  <span className="linked-bar" style={{ width: `${(100 * each.requests) / most}%` }} />
                  <span className="grow"><Value field={kind} kind={kind} value={each.id} most={80} /></span>
                  <span className="num muted small">{number(each.requests)}</span>
                </li>
              ))}
            </ul>
            {values.length > FEW && <p className="muted small">{t("c.more", { n: values.length - FEW })}</p>}
          </section>
        );
      })}
    </div>
  );
}
