import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { del, post } from "../../api/client.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { Field } from "../../components/Field.tsx";
import { toast } from "../../components/Toast.tsx";
import { t } from "../../i18n/index.ts";

export type Action = "activate" | "shadow" | "retire" | "remove" | "rollback" | "train";

export interface Switch {
  readonly action: Action;
  readonly id: string;
}

const LONGEST_REASON = 500;

function carryOut({ action, id }: Switch, why: string): Promise<unknown> {
  if (action === "remove") return del(`models/${id}`);
  if (action === "rollback" || action === "train") return post(`models/${action}`, { why });
  return post(`models/${id}/${action}`, { why });
}

/** Says what a switch means, asks why, and does it. */
export function SwitchDialog({ wanted, onClose }: { wanted: Switch; onClose: () => void }) {
  const client = useQueryClient();
  const [why, setWhy] = useState("");
  const work = useMutation({
    mutationFn: () => carryOut(wanted, why),
    onSuccess: async () => {
      toast(wanted.action === "train" ? t("md.began") : t("md.switched"), { tone: "good" });
      onClose();
      await client.invalidateQueries({ queryKey: ["models"] });
    },
  });
  return (
    <Dialog
      title={t(`md.${wanted.action}`)}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("md.cancel")}</Button>
          <Button look="primary" onClick={() => work.mutate()}>{t(`md.${wanted.action}`)}</Button>
        </>
      }
    >
      <div className="col">
        <p>{t(`md.sure.${wanted.action}`, { id: wanted.id })}</p>
        {wanted.action !== "remove" && (
          <Field label={t("md.why")} error={work.error?.message ?? null}>
            {(ids) => <input {...ids} className="input" value={why} maxLength={LONGEST_REASON} onChange={(event) => setWhy(event.target.value)} />}
          </Field>
        )}
        {wanted.action === "remove" && work.error && <p role="alert">{work.error.message}</p>}
      </div>
    </Dialog>
  );
}
