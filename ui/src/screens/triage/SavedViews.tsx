import { useState } from "react";
import { useViews } from "../../api/queries.ts";
import { Button } from "../../components/Button.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { Field } from "../../components/Field.tsx";
import { Menu, type MenuEntry } from "../../components/Menu.tsx";
import { toast } from "../../components/Toast.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import { filterText, parseFilter } from "../../state/filters.ts";
import { isMoment } from "../../state/range.ts";
import { useUrl } from "../../state/url.ts";
import { useMe } from "./useMe.ts";

/** Filters, period and order under a name; own ones and those that others share. */
export function SavedViews({ screen }: { screen: string }) {
  const url = useUrl();
  const { views, save, remove } = useViews(screen);
  const { may } = useMe();
  const [naming, setNaming] = useState(false);
  const reason = may("write") ? null : t("tr.mayno");

  const open = (query: Record<string, unknown>) => {
    const texts = Array.isArray(query["f"]) ? query["f"].filter((each) => typeof each === "string") : [];
    const { from, to, sort } = query;
    url.set({
      filters: texts.flatMap((text) => parseFilter(text) ?? []),
      sort: typeof sort === "string" ? sort : null,
      ...(typeof from === "string" && typeof to === "string" && isMoment(from) && isMoment(to) ? { range: { from, to } } : {}),
    });
  };
  const entries: MenuEntry[] = [
    ...(views.length === 0 ? [{ title: t("tr.views.none") }] : []),
    ...views.map((view) => ({ label: <Untrusted text={view.name} most={60} />, end: view.own ? null : t("tr.views.shared"), onSelect: () => open(view.query) })),
    "rule" as const,
    { label: t("tr.views.save"), icon: "save" as const, reason, onSelect: () => setNaming(true) },
    ...views.filter((view) => view.own).map((view) => ({ label: t("tr.views.remove", { name: view.name.slice(0, 40) }), icon: "close" as const, onSelect: () => remove.mutate(view.id) })),
  ];
  return (
    <>
      <Menu label={t("tr.views")} entries={entries}>
        {(props) => <Button {...props} icon="star">{t("tr.views")}</Button>}
      </Menu>
      {naming && (
        <Naming
          onClose={() => setNaming(false)}
          onSave={(name, shared) => {
            setNaming(false);
            const query = { f: url.filters.map(filterText), from: url.range.from, to: url.range.to, sort: url.sort };
            save.mutate({ name, screen, query, shared }, { onSuccess: () => toast(t("tr.views.saved"), { tone: "good" }), onError: (error) => toast(error.message, { tone: "bad" }) });
          }}
        />
      )}
    </>
  );
}

function Naming({ onClose, onSave }: { onClose: () => void; onSave: (name: string, shared: boolean) => void }) {
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const ready = name.trim() !== "";
  const submit = () => ready && onSave(name.trim(), shared);
  return (
    <Dialog
      title={t("tr.views.save")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("c.cancel")}</Button>
          <Button look="primary" reason={ready ? null : t("tr.views.name")} onClick={submit}>{t("tr.save")}</Button>
        </>
      }
    >
      <form className="col" onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}>
        <Field label={t("tr.views.name")}>
          {(ids) => <input {...ids} className="input" maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <label className="row"><input type="checkbox" checked={shared} onChange={(event) => setShared(event.target.checked)} /> {t("tr.views.share")}</label>
      </form>
    </Dialog>
  );
}
