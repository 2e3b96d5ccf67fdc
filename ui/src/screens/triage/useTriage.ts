import { useCallback } from "react";
import { type Change, useBulk } from "../../api/queries.ts";
import type { Incident, Verdict } from "../../api/types.ts";
import { toast } from "../../components/Toast.tsx";
import { t } from "../../i18n/index.ts";
import { useMe } from "./useMe.ts";

export const VERDICTS: readonly Verdict[] = ["true_positive", "false_positive", "benign"];

type Row = Pick<Incident, "id" | "status" | "verdict" | "assignee">;

/** Changes of incidents with a way back, and why they may not be made. */
export function useTriage() {
  const { mutateAsync } = useBulk();
  const { me, may } = useMe();
  const reason = may("write") ? null : t("tr.mayno");

  const change = useCallback(
    (rows: readonly Row[], changes: Change) => {
      if (reason !== null) return toast(reason, { tone: "bad" });
      const groups = before(rows, changes);
      mutateAsync({ ids: rows.map((row) => row.id), changes }).then(
        ({ done, failed }) => {
          if (failed.length > 0) toast(t("tr.failed", { n: failed.length, why: failed[0]?.detail ?? "" }), { tone: "bad" });
          if (done.length === 0) return;
          toast(t("tr.done", { n: done.length, what: told(changes) }), {
            tone: "good",
            action: { label: t("tr.undo"), run: () => void Promise.all(groups.map((group) => mutateAsync(group))) },
          });
        },
        (error: Error) => toast(error.message, { tone: "bad" }),
      );
    },
    [mutateAsync, reason],
  );
  return { change, reason, me };
}

function told({ status, verdict, assignee }: Change): string {
  if (status) return t(`tr.status.${status}`).toLowerCase();
  if (verdict) return t(`tr.verdict.${verdict}`).toLowerCase();
  return assignee ? t("tr.assignedto", { name: assignee }) : t("tr.unassigned");
}

/** The changes that bring back what was before: one for all rows that were alike. */
export function before(rows: readonly Row[], changes: Change): { ids: string[]; changes: Change }[] {
  const groups = new Map<string, { ids: string[]; changes: Change }>();
  for (const row of rows) {
    const back: Change = {};
    if (changes.status !== undefined) back.status = row.status;
    if (changes.verdict !== undefined) back.verdict = row.verdict;
    if (changes.assignee !== undefined) back.assignee = row.assignee;
    const key = JSON.stringify(back);
    const group = groups.get(key);
    if (group) group.ids.push(row.id);
    else groups.set(key, { ids: [row.id], changes: back });
  }
  return [...groups.values()];
}
