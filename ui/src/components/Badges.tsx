import type { EntityRef, Status, Verdict } from "../api/types.ts";
import { t } from "../i18n/index.ts";
import { Chip } from "./Chip.tsx";
import { words } from "./format.ts";
import { Value } from "./Value.tsx";

/** Attack types as words; the first ones, and how many more. */
export function AttackTypes({ types, most = 2, field }: { types: readonly string[]; most?: number; field?: string }) {
  if (types.length === 0) return <span className="muted">–</span>;
  return (
    <span className="row types">
      {types.slice(0, most).map((type) => (field ? <Value key={type} field={field} value={type} shown={words(type)} /> : <Chip key={type}>{words(type)}</Chip>))}
      {types.length > most && <span className="muted small" title={types.slice(most).map(words).join(", ")}>+{types.length - most}</span>}
    </span>
  );
}

const STATUS_TONES = { open: "accent", acknowledged: "warn", resolved: "good" } as const;

/** Where the work on an incident stands. */
export function StatusBadge({ status }: { status: Status }) {
  return <Chip tone={STATUS_TONES[status]}>{t(`tr.status.${status}`)}</Chip>;
}

/** What people said an incident was. */
export function VerdictBadge({ verdict }: { verdict: Verdict | null }) {
  if (verdict === null) return null;
  return <Chip tone={verdict === "true_positive" ? "bad" : "good"}>{t(`tr.verdict.${verdict}`)}</Chip>;
}

/** Whether an attack worked; unknown is an answer too. `alone`: where no heading asks. */
export function Succeeded({ value, alone = false }: { value: boolean | null; alone?: boolean }) {
  if (value === true) return <Chip tone="bad">{t(alone ? "tr.worked.yes" : "tr.succeeded.yes")}</Chip>;
  if (value === false) return <Chip tone="good">{t(alone ? "tr.worked.no" : "tr.succeeded.no")}</Chip>;
  return <span className="muted">{t("tr.succeeded.unknown")}</span>;
}

/** The leading entity of several. */
export function Who({ entities, total, field = "entities" }: { entities: readonly EntityRef[]; total?: number; field?: string }) {
  const first = entities[0];
  if (!first) return <span className="muted">–</span>;
  const more = (total ?? entities.length) - 1;
  return (
    <span className="row nowrap-row">
      <Value field={field} value={first.id} kind={first.kind} showKind={first.kind !== "client"} most={60} />
      {more > 0 && <span className="muted small" title={entities.slice(1, 8).map((each) => each.id.slice(0, 80)).join(", ")}>+{more}</span>}
    </span>
  );
}
