import { Button } from "../../components/Button.tsx";
import { copyText } from "../../components/clipboard.ts";
import { t } from "../../i18n/index.ts";

/** Text to be copied and run somewhere else. */
export function Snippet({ text, label }: { text: string; label: string }) {
  return (
    <div className="snippet">
      <pre tabIndex={0} role="region" aria-label={label}>{text}</pre>
      <Button small icon="copy" onClick={() => copyText(text)}>{t("set.copy")}</Button>
    </div>
  );
}

/** A secret that is told this once. */
export function Once({ text, children }: { text: string; children: React.ReactNode }) {
  return (
    <div className="once" role="status">
      <span>{children}</span>
      <code>{text}</code>
      <Button small icon="copy" onClick={() => copyText(text)}>{t("set.copy")}</Button>
    </div>
  );
}
