import { PageHead } from "../../components/Panel.tsx";
import { t } from "../../i18n/index.ts";

/** Bundles of what was learned, and what each of them would do. */
export default function ModelsScreen() {
  return (
    <div className="screen">
      <PageHead title={t("md.models")} />
    </div>
  );
}
