import { Link } from "wouter";
import { useDetector } from "../api/queries.ts";
import { DetectorCard } from "./DetectorCard.tsx";
import { Dialog } from "./Dialog.tsx";
import { words } from "./format.ts";
import { Answer } from "./States.tsx";
import { t } from "../i18n/index.ts";

/** The card of one detector, over the page. */
export default function DetectorDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const card = useDetector(id);
  return (
    <Dialog title={words(id)} onClose={onClose} wide foot={<Link href="/settings/detectors" onClick={onClose}>{t("c.detector.all")}</Link>}>
      <Answer query={card} lines={6}>{(told) => <DetectorCard card={told} />}</Answer>
    </Dialog>
  );
}
