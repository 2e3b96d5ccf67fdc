import { Dialog } from "../components/Dialog.tsx";
import { t } from "../i18n/index.ts";
import { LoginForm } from "./LoginForm.tsx";
import { useSession } from "./session.ts";

/** Asks to log in again above the page, which stays as it was. */
export function SessionEnded() {
  const { me } = useSession();
  return (
    <Dialog title={t("ended.title")} onClose={() => {}}>
      <p className="muted">{t("ended.text")}</p>
      <LoginForm name={me?.name === "setup" ? "" : (me?.name ?? "")} />
    </Dialog>
  );
}
