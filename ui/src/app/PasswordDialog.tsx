import { useState } from "react";
import { post } from "../api/client.ts";
import { Button } from "../components/Button.tsx";
import { Dialog } from "../components/Dialog.tsx";
import { Field } from "../components/Field.tsx";
import { toast } from "../components/Toast.tsx";
import { t } from "../i18n/index.ts";

/** Changes one's own password. */
export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await post("me/password", { current: String(form.get("current")), new: String(form.get("new")) });
      toast(t("password.done"), { tone: "good" });
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("password.title")} onClose={onClose}>
      <form className="col" onSubmit={(event) => void submit(event)}>
        <Field label={t("password.current")}>
          {(ids) => <input {...ids} className="input" type="password" name="current" autoComplete="current-password" required />}
        </Field>
        <Field label={t("password.new")} hint={t("password.hint")} error={problem}>
          {(ids) => <input {...ids} className="input" type="password" name="new" autoComplete="new-password" minLength={12} required />}
        </Field>
        <div className="row">
          <Button look="primary" type="submit" disabled={isBusy}>{t("password.save")}</Button>
          <Button onClick={onClose}>{t("word.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}
