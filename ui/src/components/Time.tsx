import { usePref } from "../state/prefs.ts";
import { dateTime, relative } from "./format.ts";
import { useNow } from "./useNow.ts";

type Shown = "relative" | "absolute" | "both";

/** A moment: as long ago or as a date, the other one in its tooltip. */
export function Time({ ts, mode, ms = false }: { ts: string | null | undefined; mode?: Shown; ms?: boolean }) {
  if (!ts) return <span className="muted">–</span>;
  return mode === "absolute" ? <Exact ts={ts} ms={ms} /> : <Moving ts={ts} mode={mode} ms={ms} />;
}

/** A date stands still; how long ago it was is worked out when somebody points at it. */
function Exact({ ts, ms }: { ts: string; ms: boolean }) {
  const [zone] = usePref<string>("zone", "local");
  const utc = zone === "utc";
  return (
    <time dateTime={ts} className="num" onPointerEnter={(event) => {
      event.currentTarget.title = relative(ts, Date.now());
    }}>
      {dateTime(ts, { utc, ms })}{utc ? " UTC" : ""}
    </time>
  );
}

function Moving({ ts, mode, ms }: { ts: string; mode: Shown | undefined; ms: boolean }) {
  const [times] = usePref<string>("times", "relative");
  const [zone] = usePref<string>("zone", "local");
  const now = useNow();
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
