import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/client.ts";
import type { BundleDetail, Difference } from "../../api/types.gen.ts";
import { Drawer } from "../../components/Drawer.tsx";
import { bytes } from "../../components/format.ts";
import { Answer } from "../../components/States.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import { facts } from "./shapes.ts";

const LONGEST = 200;

/** What a bundle says of itself, and in what it differs from the one that judges. */
export function BundleDrawer({ id, active, onClose }: { id: string; active: string | null; onClose: () => void }) {
  const bundle = useQuery({ queryKey: ["models", id], queryFn: () => get<BundleDetail>(`models/${id}`) });
  const other = active !== null && active !== id ? active : null;
  const difference = useQuery({
    queryKey: ["models", id, "diff", other],
    queryFn: () => get<Difference>(`models/${id}/diff`, { query: { other: other ?? "" } }),
    enabled: other !== null,
  });
  return (
    <Drawer title={id} onClose={onClose}>
      <div className="col">
        <h3>{t("md.about")}</h3>
        <Answer query={bundle} lines={8}>
          {(data) => (
            <table className="plain-table">
              <caption className="sr-only">{t("md.about")}</caption>
              <thead><tr><th scope="col">{t("md.fact")}</th><th scope="col">{t("md.value")}</th></tr></thead>
              <tbody>
                {facts(data.about).map(([name, value]) => (
                  <tr key={name}><th scope="row">{name}</th><td><Untrusted text={value} most={LONGEST} mono /></td></tr>
                ))}
                {Object.entries(data.parts).map(([name, size]) => (
                  <tr key={name}><th scope="row" className="mono">{name}</th><td>{bytes(size)}</td></tr>
                ))}
              </tbody>
            </table>
          )}
        </Answer>
        {other !== null && (
          <>
            <h3>{t("md.diff")}</h3>
            <Answer query={difference} lines={4}>
              {(data) =>
                Object.keys(data.differences).length === 0 ? (
                  <p>{t("md.same")}</p>
                ) : (
                  <table className="plain-table">
                    <caption className="sr-only">{t("md.diff")}</caption>
                    <thead><tr><th scope="col">{t("md.fact")}</th><th scope="col">{t("md.this")}</th><th scope="col">{t("md.active")}</th></tr></thead>
                    <tbody>
                      {Object.entries(data.differences).map(([name, pair]) => (
                        <tr key={name}>
                          <th scope="row">{name}</th>
                          {[0, 1].map((at) => <td key={at}><Untrusted text={JSON.stringify(pair[at] ?? null)} most={LONGEST} mono /></td>)}
                        </tr>
                      ))}
                    </tbody>
                  </table>
                )
              }
            </Answer>
          </>
        )}
      </div>
    </Drawer>
  );
}
