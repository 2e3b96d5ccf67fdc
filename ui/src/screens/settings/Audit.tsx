import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get } from "../../api/client.ts";
import type { Entries, Verdict } from "../../api/types.gen.ts";
import { Button } from "../../components/Button.tsx";
import { Chip } from "../../components/Chip.tsx";
import { ListTable } from "../../components/ListTable.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Empty, ErrorState, Loading } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";

const PAGE = 100;

/** Who changed what, newest first, and whether the chain of entries is whole. */
export function Audit() {
  const chain = useQuery({ queryKey: ["audit", "verify"], queryFn: () => get<Verdict>("audit/verify") });
  const entries = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) => get<Entries>("audit", { query: { limit: PAGE, cursor: pageParam || undefined } }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = entries.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel
      title={t("set.audit")}
      sub={t("aud.sub")}
      flush
      actions={
        chain.data &&
        (chain.data.ok ? (
          <Chip tone="good">{t("aud.ok", { n: chain.data.entries })}</Chip>
        ) : (
          <Chip tone="bad">{t("aud.broken", { problem: chain.data.problem ?? "" })}</Chip>
        ))
      }
    >
      {entries.error && rows.length === 0 ? (
        <ErrorState error={entries.error} onRetry={() => void entries.refetch()} />
      ) : entries.isPending ? (
        <Loading lines={8} />
      ) : rows.length === 0 ? (
        <Empty title={t("aud.none")} />
      ) : (
        <>
          <ListTable
            label={t("set.audit")}
            rows={rows}
            rowKey={(entry) => entry.number}
            columns={[
              { title: t("aud.when"), render: (entry) => <span className="nowrap"><Time ts={entry.ts} mode="absolute" /></span> },
              { title: t("aud.who"), render: (entry) => <Untrusted text={entry.actor} most={80} /> },
              { title: t("aud.what"), render: (entry) => <Untrusted text={entry.action} most={80} /> },
              { title: t("aud.target"), render: (entry) => <Untrusted text={entry.target} most={120} /> },
              { title: t("aud.result"), render: (entry) => <Chip tone={entry.result === "ok" || entry.result === "done" ? undefined : "warn"}><Untrusted text={entry.result} most={40} /></Chip> },
            ]}
          />
          {entries.hasNextPage && <Button onClick={() => void entries.fetchNextPage()}>{t("aud.more")}</Button>}
        </>
      )}
    </Panel>
  );
}
