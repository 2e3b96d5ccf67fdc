import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { serverUrl } from "../../app/base.ts";
import { useMay } from "../../app/session.ts";
import { Button } from "../../components/Button.tsx";
import { toast } from "../../components/Toast.tsx";
import { t } from "../../i18n/index.ts";
import type { MadeKey } from "../../api/types.gen.ts";
import { Snippet } from "./Snippet.tsx";
import { PLACEHOLDER, WAYS } from "./snippets.ts";

/** Chooses a way in, makes a key for it, and shows what to copy. */
export function Connect() {
  const [chosen, choose] = useState(WAYS[0]!.key);
  const [secret, setSecret] = useState<string | null>(null);
  const isAdmin = useMay("admin");
  const way = WAYS.find((each) => each.key === chosen) ?? WAYS[0]!;
  const make = useMutation({
    mutationFn: () => post<MadeKey>("keys", { name: t("src.key.label"), scopes: ["ingest"] }),
    onSuccess: (made) => setSecret(made.key),
    onError: (error) => toast(error.message, { tone: "bad" }),
  });
  return (
    <div className="col">
      <fieldset className="choices">
        <legend>{t("src.choose")}</legend>
        {WAYS.map((each) => (
          <label key={each.key}>
            <input type="radio" name="way" checked={each.key === chosen} onChange={() => choose(each.key)} />
            {t(each.title)}
          </label>
        ))}
      </fieldset>
      {secret === null ? (
        <div className="row">
          <Button onClick={() => make.mutate()} reason={isAdmin ? null : t("set.adminonly")} icon="plus">{t("src.key.make")}</Button>
          <span className="muted small">{t("src.key.hint")}</span>
        </div>
      ) : (
        <p role="status">{t("src.key.made")}</p>
      )}
      <p>{t(way.where)}</p>
      <Snippet label={t(way.title)} text={way.text(serverUrl("").toString(), secret ?? PLACEHOLDER)} />
    </div>
  );
}
