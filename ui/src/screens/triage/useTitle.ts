import { useEffect } from "react";
import { t } from "../../i18n/index.ts";

/** Names the page after what it shows, after the shell has named it after the screen. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    if (title === null) return;
    const timer = setTimeout(() => {
      document.title = `${title} · ${t("app.name")}`;
    });
    return () => clearTimeout(timer);
  }, [title]);
}
