import { toast } from "./Toast.tsx";
import { t } from "../i18n/index.ts";

/** Puts a text on the clipboard and says so. */
export function copyText(text: string): void {
  const done = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
  done.then(
    () => toast(t("c.copied"), { tone: "good" }),
    () => toast(t("c.notcopied"), { tone: "bad" }),
  );
}
