import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client.ts";
import type { Facet } from "../api/types.ts";
import { toQuery, useUrl } from "../state/url.ts";
import { Dialog } from "./Dialog.tsx";
import { number, percent, words } from "./format.ts";
import { ErrorState, Loading } from "./States.tsx";
import { Untrusted } from "./Untrusted.tsx";
import { t } from "../i18n/index.ts";

/** The most frequent values of a field among the events of the chosen period. */
export function TopValues({ field, onClose }: { field: string; onClose: () => void }) {
  const { range } = useUrl();
  const found = useQuery({
    queryKey: ["facets", "events", field, range, "top"],
    queryFn: ({ signal }) => get<{ facets: Facet[] }>("facets", { query: toQuery({ range }, { of: "events", fields: field, limit: 20 }), signal }),
  });
  const values = found.data?.facets[0]?.values ?? [];
  const most = Math.max(1, ...values.map((each) => each.count));
  const total = values.reduce((sum, each) => sum + each.count, 0);
  return (
    <Dialog title={t("c.topof", { field: words(field).toLowerCase() })} onClose={onClose}>
      {found.isPending && <Loading />}
      {found.isError && <ErrorState error={found.error} onRetry={() => found.refetch()} />}
      {found.data && (
        <table className="plain-table">
          <thead>
            <tr><th scope="col">{words(field)}</th><th scope="col" className="end">{t("c.requests")}</th><th scope="col" className="end">{t("c.share")}</th></tr>
          </thead>
          <tbody>
            {values.map((each) => (
              <tr key={String(each.value)}>
                <th scope="row">
                  <Untrusted text={each.value === null ? t("c.none") : String(each.value)} most={100} />
                  <span className="bar"><span style={{ width: `${(100 * each.count) / most}%` }} /></span>
                </th>
                <td className="end num">{number(each.count)}</td>
                <td className="end num">{percent(total ? each.count / total : 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Dialog>
  );
}
