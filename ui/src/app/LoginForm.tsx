import { useState } from "react";
import { ApiError } from "../api/client.ts";
import { Button } from "../components/Button.tsx";
import { Field } from "../components/Field.tsx";
import { t } from "../i18n/index.ts";
import { logIn } from "./session.ts";

/** Name and password, as password managers know them. */
export function LoginForm({ name = "" }: { name?: string }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    setBusy(true);
    setProblem(null);
    try {
      await logIn(String(given.get("username")), String(given.get("password")));
    } catch (error) {
      setProblem(
        error instanceof ApiError && error.status === 429 && error.retryAfter !== null
          ? t("login.wait", { n: Math.ceil(error.retryAfter) })
          : error instanceof Error ? error.message : String(error),
      );
      setBusy(false);
      form.querySelector<HTMLInputElement>("[name=password]")?.focus();
    }
  };
  return (
    <form className="col login-form" onSubmit={(event) => void submit(event)}>
      <Field label={t("login.name")}>
        {(ids) => <input {...ids} className="input" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} defaultValue={name} required />}
      </Field>
      <Field label={t("login.password")} error={problem}>
        {(ids) => <input {...ids} className="input" type="password" name="password" autoComplete="current-password" required />}
      </Field>
      <Button look="primary" type="submit" disabled={isBusy}>{t("login.submit")}</Button>
    </form>
  );
}
