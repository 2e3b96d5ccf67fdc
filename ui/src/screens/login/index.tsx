import { Button } from "../../components/Button.tsx";
import { Logo } from "../../app/Logo.tsx";
import { LoginForm } from "../../app/LoginForm.tsx";
import { askAgain, useSession } from "../../app/session.ts";
import { useLook } from "../../app/theme.ts";
import { t } from "../../i18n/index.ts";
import "./login.css";

/** The door: name and password; what to do when there is no user yet. */
export default function Login() {
  useLook();
  const { problem, standing } = useSession();
  return (
    <main className="login">
      <section className="login-box" aria-labelledby="login-title">
        <div className="login-brand">
          <Logo size={34} />
          <span>{t("app.name")}</span>
        </div>
        <h1 id="login-title">{t("login.title")}</h1>
        <p className="muted">{t("login.sub")}</p>
        {problem && (
          <div className="notice notice-warn" role="alert">
            <span>{problem}</span>
            {standing === "away" && <Button small onClick={() => void askAgain()}>{t("word.retry")}</Button>}
          </div>
        )}
        <LoginForm />
        <details className="login-more">
          <summary>{t("login.first")}</summary>
          <p>{t("login.first.text")}</p>
          <p>{t("login.first.user")}</p>
          <pre tabIndex={0}>apisentinel users add --data-dir apisentinel-data ann --role admin</pre>
        </details>
      </section>
    </main>
  );
}
