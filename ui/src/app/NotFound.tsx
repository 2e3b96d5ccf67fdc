import { Link } from "wouter";
import { Empty } from "../components/States.tsx";
import { PageHead } from "../components/Panel.tsx";
import { t } from "../i18n/index.ts";

/** For addresses that are none of ours. */
export function NotFound() {
  return (
    <div className="screen">
      <PageHead title={t("route.notfound")} />
      <Empty title={t("route.notfound.text")}>
        <Link href="/">{t("route.home")}</Link>
      </Empty>
    </div>
  );
}
