import { useState } from "react";
import { usePref } from "../state/prefs.ts";
import { isMoment, isRelative, momentMs, PRESETS, shifted, spanOf, zoomedOut } from "../state/range.ts";
import { useRange } from "../state/url.ts";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";
import { Field } from "./Field.tsx";
import { dateTime, span } from "./format.ts";
import { Menu, type MenuEntry } from "./Menu.tsx";
import { t } from "../i18n/index.ts";
import "./Filters.css";

const WORDS: Record<string, string> = { s: "s", m: "min", h: "h", d: "d", w: "w" };

/** A period of the form `15m` as words. */
function lastOf(text: string): string {
  const [, count = "", unit = ""] = /^(\d+)(ms|s|m|h|d|w)$/.exec(text) ?? [];
  return t("c.last", { span: `${count} ${WORDS[unit] ?? unit}` });
}

/** The period that is looked at: presets, from and to, a step back or forward, wider. */
export function TimeRange() {
  const [range, setRange] = useRange();
  const [zone, setZone] = usePref<string>("zone", "local");
  const [exact, setExact] = useState(false);
  const now = Date.now();
  const utc = zone === "utc";
  const period = spanOf(range, now);
  const shown =
    range.to === "now" && range.from.startsWith("now-")
      ? lastOf(range.from.slice(4))
      : `${dateTime(period.from, { utc }).slice(0, 16)} – ${dateTime(period.to, { utc }).slice(sameDay(period, utc) ? 11 : 0, 16)}${utc ? " UTC" : ""}`;
  const entries: MenuEntry[] = [
    ...PRESETS.map((preset) => ({
      label: lastOf(preset),
      checked: range.to === "now" && range.from === `now-${preset}`,
      onSelect: () => setRange({ from: `now-${preset}`, to: "now" }),
    })),
    "rule",
    { label: t("c.earlier"), icon: "left", onSelect: () => setRange(shifted(range, -1, now)) },
    ...(isRelative(range) ? [] : [{ label: t("c.later"), icon: "right" as const, onSelect: () => setRange(shifted(range, 1, now)) }]),
    { label: t("c.zoomout"), icon: "zoomout", onSelect: () => setRange(zoomedOut(range, now)) },
    { label: t("c.absolute"), icon: "clock", onSelect: () => setExact(true) },
    { label: utc ? t("c.showlocal") : t("c.showutc"), onSelect: () => setZone(utc ? "local" : "utc") },
  ];
  return (
    <div className="range no-print" role="group" aria-label={t("c.range")}>
      <Button icon="left" aria-label={t("c.earlier")} onClick={() => setRange(shifted(range, -1, now))} />
      <Menu entries={entries} label={t("c.range")}>
        {(props) => <Button {...props} icon="clock" title={span(period.to - period.from)}>{shown}</Button>}
      </Menu>
      <Button icon="right" aria-label={t("c.later")} aria-disabled={isRelative(range)} onClick={() => !isRelative(range) && setRange(shifted(range, 1, now))} />
      <Button icon="zoomout" aria-label={t("c.zoomout")} onClick={() => setRange(zoomedOut(range, now))} />
      {exact && <Exact utc={utc} from={dateTime(period.from, { utc })} to={dateTime(period.to, { utc })} onClose={() => setExact(false)} onApply={setRange} />}
    </div>
  );
}

function sameDay({ from, to }: { from: number; to: number }, utc: boolean): boolean {
  return dateTime(from, { utc }).slice(0, 10) === dateTime(to, { utc }).slice(0, 10);
}

/** What was typed as the service takes it: relative as it is, a date as RFC 3339. */
function momentOf(text: string, utc: boolean): string | null {
  const typed = text.trim();
  if (typed.startsWith("now")) return isMoment(typed) ? typed : null;
  const ms = /^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?$/.test(typed)
    ? Date.parse(`${typed.length > 10 ? typed.replace(" ", "T") : `${typed}T00:00`}${utc ? "Z" : ""}`)
    : (momentMs(typed, 0) ?? Number.NaN);
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}

function Exact({ utc, from, to, onClose, onApply }: {
  utc: boolean; from: string; to: string; onClose: () => void; onApply: (range: { from: string; to: string }) => void;
}) {
  const [typed, setTyped] = useState({ from, to });
  const begin = momentOf(typed.from, utc);
  const end = momentOf(typed.to, utc);
  const apply = () => {
    if (!begin || !end) return;
    onApply({ from: begin, to: end });
    onClose();
  };
  return (
    <Dialog
      title={t("c.absolute")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("c.cancel")}</Button>
          <Button look="primary" reason={begin && end ? null : t("c.badtime")} onClick={apply}>{t("c.apply")}</Button>
        </>
      }
    >
      <form className="col" onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}>
        <Field label={t("c.from")} error={begin ? null : t("c.badtime")} hint={t("c.zone", { zone: utc ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone })}>
          {(ids) => <input {...ids} className="input mono" value={typed.from} onChange={(event) => setTyped({ ...typed, from: event.target.value })} />}
        </Field>
        <Field label={t("c.to")} error={end ? null : t("c.badtime")}>
          {(ids) => <input {...ids} className="input mono" value={typed.to} onChange={(event) => setTyped({ ...typed, to: event.target.value })} />}
        </Field>
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
