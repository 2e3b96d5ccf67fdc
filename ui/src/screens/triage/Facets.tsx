import { NARROW, useMedia } from "../../components/useMedia.ts";
import "./triage.css";

/** The side bar of facets; on narrow screens it is folded, so that the list comes first. */
export function Facets({ label, children }: { label: string; children: React.ReactNode }) {
  const narrow = useMedia(NARROW);
  if (!narrow) return <aside className="facets" aria-label={label}>{children}</aside>;
  return (
    <details className="panel facets-folded">
      <summary>{label}</summary>
      <div className="facets">{children}</div>
    </details>
  );
}
