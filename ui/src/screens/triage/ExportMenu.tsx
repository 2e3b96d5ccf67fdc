import { exportUrl } from "../../api/client.ts";
import type { ListName } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { Menu, type MenuEntry } from "../../components/Menu.tsx";
import { t } from "../../i18n/index.ts";

/** The list as a file, in the words of its filter. */
export function ExportMenu({ of, query, more = [] }: { of: ListName; query: string; more?: MenuEntry[] }) {
  return (
    <Menu
      label={t("tr.export")}
      entries={[
        { label: t("tr.export.csv"), icon: "download", href: exportUrl(of, "csv", query) },
        { label: t("tr.export.ndjson"), icon: "download", href: exportUrl(of, "ndjson", query) },
        { label: t("tr.print"), icon: "print", onSelect: () => window.print() },
        ...more,
      ]}
    >
      {(props) => <Button {...props} icon="download">{t("tr.export")}</Button>}
    </Menu>
  );
}
