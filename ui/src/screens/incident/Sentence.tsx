import type { Incident } from "../../api/types.ts";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";

/** The end of a sentence of the service that says so itself. */
const SAID = "it seems to have succeeded.";

/** Who did what, where, how much more than usual, and whether it worked. */
export function Sentence({ incident }: { incident: Incident }) {
  const isSaid = incident.succeeded === true && incident.reason.endsWith(SAID);
  return (
    <p className="sentence">
      <Untrusted text={incident.reason} most={1200} />{" "}
      <strong>{isSaid ? null : incident.succeeded === true ? t("tr.sentence.yes") : incident.succeeded === false ? t("tr.sentence.no") : t("tr.sentence.unknown")}</strong>
    </p>
  );
}
