import { ApiError } from "../api/client.ts";
import { Button } from "./Button.tsx";
import { relative } from "./format.ts";
import { Icon, type IconName } from "./Icon.tsx";
import { useNow } from "./useNow.ts";
import { t } from "../i18n/index.ts";
import "./States.css";

function State({ icon, title, children, role }: { icon: IconName; title: string; children?: React.ReactNode; role?: string }) {
  return (
    <div className="state" role={role}>
      <Icon name={icon} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** A grey outline of what is coming; it appears only after 150 ms. */
export function Loading({ lines = 6, label }: { lines?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label ?? t("c.loading")}>
      {Array.from({ length: lines }, (_, at) => <span key={at} />)}
    </div>
  );
}

/** Nothing to show, and what could be done about it. */
export function Empty({ title, children, icon = "search" }: { title?: string; children?: React.ReactNode; icon?: IconName }) {
  return <State icon={icon} title={title ?? t("c.empty")}>{children}</State>;
}

/** What went wrong, with the number that the log has, and another try. Refusals say what is missing. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  if (known?.status === 403) return <NoPermission detail={known.detail} />;
  if (known?.status === 404) return <State icon="search" title={t("c.notfound")}><p>{known.detail}</p></State>;
  return (
    <State icon="alert" title={known?.isOffline ? t("c.offline") : (known?.title ?? t("c.failed"))} role="alert">
      <p>{known?.detail ?? (error instanceof Error ? error.message : String(error))}</p>
      {known?.requestId && <p className="request-id">{t("c.requestid", { id: known.requestId })}</p>}
      {onRetry && <Button onClick={onRetry}>{t("c.retry")}</Button>}
    </State>
  );
}

export function NoPermission({ detail }: { detail?: string }) {
  return (
    <State icon="user" title={t("c.nopermission")}>
      <p>{detail || t("c.nopermissionhint")}</p>
    </State>
  );
}

/** Says that what is shown is old; nothing while it is fresh. */
export function Stale({ since, after = 30_000, onRetry }: { since: number | null | undefined; after?: number; onRetry?: () => void }) {
  const now = useNow();
  if (!since || now - since < after) return null;
  return (
    <div className="notice notice-warn" role="status">
      <span>{t("c.stale", { when: relative(since, now) })}</span>
      {onRetry && <Button small onClick={onRetry}>{t("c.refresh")}</Button>}
    </div>
  );
}

/** The state of a question: loading, failed, or its answer; the old one stays, dimmed, while a new one comes. */
export function Answer<T>({ query, children, lines }: {
  query: { data: T | undefined; error: unknown; isPending: boolean; isError: boolean; isPlaceholderData?: boolean; refetch: () => unknown };
  children: (data: T) => React.ReactNode; lines?: number;
}) {
  if (query.data !== undefined) {
    return (
      <div className={query.isPlaceholderData ? "dimmed" : undefined}>
        {query.isError && (
          <div className="notice notice-warn" role="status">
            <span>{t("c.oldshown")}</span>
            <Button small onClick={() => query.refetch()}>{t("c.retry")}</Button>
          </div>
        )}
        {children(query.data)}
      </div>
    );
  }
  if (query.isError) return <ErrorState error={query.error} onRetry={() => query.refetch()} />;
  return <Loading {...(lines === undefined ? {} : { lines })} />;
}
