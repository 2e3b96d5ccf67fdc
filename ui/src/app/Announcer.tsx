import { useEffect, useState } from "react";
import { t } from "../i18n/index.ts";
import { live, useLive } from "../state/live.ts";

/** Shortest pause between two announcements. */
const PAUSE_MS = 10_000;

/** Tells those who do not see the page how many alerts came; numbers only, and rarely. */
export function Announcer() {
  useLive("alerts");
  const [said, setSaid] = useState("");
  useEffect(() => {
    const known = new Set(live.snapshot("alerts").items.map((item) => item["id"]));
    const timer = setInterval(() => {
      const fresh = live.snapshot("alerts").items.filter((item) => !known.has(item["id"]));
      for (const item of fresh) known.add(item["id"]);
      if (fresh.length === 0) return;
      const critical = fresh.filter((item) => item["severity"] === "CRITICAL").length;
      setSaid(t("announce.new", { n: fresh.length, critical }));
    }, PAUSE_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="sr-only" role="status" aria-live="polite">
      {said}
    </p>
  );
}
