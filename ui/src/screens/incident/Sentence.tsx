import type { Incident } from "../../api/types.ts";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";

/** Who did what, where, how much more than usual, and whether it worked. */
export function Sentence({ incident }: { incident: Incident }) {
  return (
    <p className="sentence">
      <Untrusted text={incident.reason} most={1200} />{" "}
      <strong>{incident.succeeded === true ? t("tr.sentence.yes") : incident.succeeded === false ? t("tr.sentence.no") : t("tr.sentence.unknown")}</strong>
    </p>
  );
}
