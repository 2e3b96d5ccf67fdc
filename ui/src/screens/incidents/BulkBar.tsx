import type { Incident } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { Menu } from "../../components/Menu.tsx";
import { t } from "../../i18n/index.ts";
import { useTriage, VERDICTS } from "../triage/useTriage.ts";

/** What can be done to all chosen incidents at once. */
export function BulkBar({ rows, onDone }: { rows: readonly Incident[]; onDone: () => void }) {
  const triage = useTriage();
  const { reason, me } = triage;
  return (
    <div className="bulk no-print" role="toolbar" aria-label={t("tr.bulk")}>
      <strong>{t("tr.bulk.chosen", { n: rows.length })}</strong>
      <Button small icon="check" reason={reason} onClick={() => triage.change(rows, { status: "acknowledged" })}>{t("tr.acknowledge")}</Button>
      <Button small reason={reason} onClick={() => triage.change(rows, { status: "resolved" })}>{t("tr.resolve")}</Button>
      <Button small reason={reason} onClick={() => triage.change(rows, { status: "open" })}>{t("tr.reopen")}</Button>
      <Button small icon="user" reason={reason} onClick={() => me && triage.change(rows, { assignee: me })}>{t("tr.assignme")}</Button>
      <Menu label={t("tr.verdict")} entries={VERDICTS.map((verdict) => ({ label: t(`tr.verdict.${verdict}`), reason, onSelect: () => triage.change(rows, { verdict }) }))}>
        {(props) => <Button small {...props} icon="down">{t("tr.verdict")}</Button>}
      </Menu>
      <Button small look="quiet" icon="close" aria-label={t("tr.bulk.clear")} onClick={onDone} />
    </div>
  );
}
