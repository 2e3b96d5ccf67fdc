import { lazy, Suspense, useState } from "react";
import { words } from "./format.ts";
import { t } from "../i18n/index.ts";
import "./Detector.css";

const DetectorDialog = lazy(() => import("./DetectorDialog.tsx"));

/** The name of a detector; it opens the card that tells what the detector catches and misses. */
export function DetectorName({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  if (id === "") return null;
  return (
    <>
      <button type="button" className="detector-name" title={t("c.detector.open")} onClick={(event) => {
        event.stopPropagation();
        setOpen(true);
      }}>
        {words(id)}
      </button>
      {open && <Suspense fallback={null}><DetectorDialog id={id} onClose={() => setOpen(false)} /></Suspense>}
    </>
  );
}
