import { usePref } from "../state/prefs.ts";
import { dateTime, relative } from "./format.ts";
import { useNow } from "./useNow.ts";

/** A moment: as long ago or as a date, the other one in its tooltip. */
export function Time({ ts, mode, ms = false }: { ts: string | null | undefined; mode?: "relative" | "absolute" | "both"; ms?: boolean }) {
  const [times] = usePref<string>("times", "relative");
  const [zone] = usePref<string>("zone", "local");
  const now = useNow();
  if (!ts) return <span className="muted">–</span>;
  const utc = zone === "utc";
  const exact = `${dateTime(ts, { utc, ms })}${utc ? " UTC" : ""}`;
  const ago = relative(ts, now);
  const shown = mode ?? (times === "absolute" ? "absolute" : "relative");
  return (
    <time dateTime={ts} title={shown === "absolute" ? ago : exact} className="num">
      {shown === "absolute" ? exact : shown === "relative" ? ago : `${exact} · ${ago}`}
    </time>
  );
}
