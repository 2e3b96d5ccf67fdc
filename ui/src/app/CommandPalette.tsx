import { useId, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { Dialog } from "../components/Dialog.tsx";
import { visibleText } from "../components/visible.ts";
import { t } from "../i18n/index.ts";
import { useKeymap } from "../state/keymap.ts";
import { live } from "../state/live.ts";
import { hrefWith, useUrl } from "../state/url.ts";
import { copyView } from "./copyView.ts";
import { guesses } from "./palette.ts";
import { NAV } from "./routes.tsx";
import { useLook } from "./theme.ts";

interface Entry {
  key: string;
  group: string;
  title: string;
  end?: string;
  run: () => void;
}

/** The dialog gives the focus to its first button otherwise. */
function focused(input: HTMLInputElement | null): void {
  if (input !== null) requestAnimationFrame(() => input.focus());
}

/** Goes anywhere: type a screen, or paste an address, a user, a path, an id. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [, navigate] = useLocation();
  const { range } = useUrl();
  const { theme, setTheme } = useLook();
  const { keyOf } = useKeymap();
  const [go, copy, pause] = [keyOf("go"), keyOf("copy"), keyOf("pause")];
  const id = useId();
  const entries = useMemo(() => {
    const wanted = typed.trim().toLowerCase();
    const shown = visibleText(typed.trim(), 60);
    const found: Entry[] = guesses(typed).map((guess) => ({
      key: guess.key,
      group: t(guess.path === "/explorer" ? "palette.search" : "palette.found"),
      title:
        guess.key === "client:eq"
          ? t("palette.clientevents", { id: shown })
          : t(`palette.${guess.word}`, { id: shown, text: shown }),
      run: () => navigate(hrefWith(guess.path, { range, filters: guess.filters, more: guess.more ?? {} })),
    }));
    const screens: Entry[] = NAV.filter((item) => t(item.title).toLowerCase().includes(wanted)).map((item) => ({
      key: item.path,
      group: t("palette.screens"),
      title: t(item.title),
      ...(go && { end: `${go} ${item.key}` }),
      run: () => navigate(hrefWith(item.path, { range })),
    }));
    const next = theme === "dark" ? "light" : "dark";
    const actions: Entry[] = [
      { key: "theme", group: t("palette.actions"), title: `${t("top.theme")}: ${t(`top.theme.${next}`)}`, run: () => setTheme(next) },
      { key: "copy", group: t("palette.actions"), title: t("top.copylink"), ...(copy && { end: copy }), run: copyView },
      {
        key: "pause",
        group: t("palette.actions"),
        title: live.linkSnapshot().paused ? t("live.resume") : t("live.pause"),
        ...(pause && { end: pause }),
        run: () => (live.linkSnapshot().paused ? live.resume() : live.pause()),
      },
    ].filter((entry) => entry.title.toLowerCase().includes(wanted));
    return wanted === "" ? [...screens, ...actions] : [...screens, ...found, ...actions];
  }, [typed, navigate, range, theme, setTheme, go, copy, pause]);
  const current = Math.min(at, Math.max(0, entries.length - 1));
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((current + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(entries[current]);
    }
  };
  return (
    <Dialog title={t("palette.label")} onClose={onClose}>
      <div className="palette">
        <input
          className="input"
          role="combobox"
          aria-label={t("palette.label")}
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={entries.length > 0 ? `${id}-${current}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          ref={focused}
          placeholder={t("palette.hint")}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div role="listbox" id={`${id}-list`} aria-label={t("palette.found")} className="palette-list">
          {entries.map((entry, index) => (
            <div
              key={`${entry.group}${entry.key}`}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === current}
              className="palette-item"
              onPointerMove={() => setAt(index)}
              onClick={() => choose(entry)}
            >
              <span className="palette-group">{entries[index - 1]?.group === entry.group ? "" : entry.group}</span>
              <bdi className="ellipsis grow">{entry.title}</bdi>
              {entry.end && <kbd>{entry.end}</kbd>}
            </div>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
