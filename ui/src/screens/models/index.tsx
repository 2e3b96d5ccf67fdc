import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get } from "../../api/client.ts";
import type { Bundles as Told } from "../../api/types.gen.ts";
import { useMay } from "../../app/session.ts";
import { Button } from "../../components/Button.tsx";
import { PageHead, Panel } from "../../components/Panel.tsx";
import { Answer } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import { useUrl } from "../../state/url.ts";
import { BundleDrawer } from "./BundleDrawer.tsx";
import { Bundles } from "./Bundles.tsx";
import type { Monitor } from "./shapes.ts";
import { type Switch, SwitchDialog } from "./SwitchDialog.tsx";
import { Watched } from "./Watched.tsx";
import { WhatIf } from "./WhatIf.tsx";
import "./models.css";

const FOLLOW_MS = 10_000;

/** Bundles of what was learned: which judges, how it does, what another would do, and the way back. */
export default function ModelsScreen() {
  const bundles = useQuery({ queryKey: ["models", "list"], queryFn: () => get<Told>("models"), refetchInterval: FOLLOW_MS });
  const monitor = useQuery({ queryKey: ["models", "monitor"], queryFn: () => get<Monitor>("models/monitor"), refetchInterval: FOLLOW_MS });
  const isAdmin = useMay("admin");
  const [wanted, want] = useState<Switch | null>(null);
  const url = useUrl();
  const open = url.more["sel"] ?? null;
  const told = bundles.data;
  const active = told?.items.find((each) => each.state === "active")?.id ?? null;
  const reason = !isAdmin ? t("md.mayno") : told?.pinned ? t("md.pinned") : null;
  return (
    <div className="screen">
      <PageHead
        title={t("md.models")}
        sub={t("md.sub")}
        actions={
          <>
            {active !== null && <Button reason={reason} onClick={() => want({ action: "rollback", id: active })}>{t("md.rollback")}</Button>}
            <Button reason={told?.training ? t("md.training") : reason} onClick={() => want({ action: "train", id: "" })}>{t("md.train")}</Button>
          </>
        }
      />
      <Answer query={bundles} lines={6}>
        {(data) => (
          <div className="col">
            {data.pinned && <p className="notice">{t("md.pinned")}</p>}
            {data.problem && <p className="notice notice-warn"><Untrusted text={t("md.problem", { problem: data.problem })} /></p>}
            {data.training_problem && <p className="notice notice-warn"><Untrusted text={t("md.trainfailed", { problem: data.training_problem })} /></p>}
            <p>
              {t("md.judging")}: <strong>{active ?? t("md.shipped")}</strong>
            </p>
            <Bundles told={data} reason={reason} onSwitch={want} onOpen={(id) => url.set({ more: { sel: id } })} />
          </div>
        )}
      </Answer>
      <Answer query={monitor} lines={6}>{(data) => <Watched monitor={data} />}</Answer>
      <div className="split">
        <WhatIf />
        <History told={told} />
      </div>
      {open !== null && <BundleDrawer id={open} active={active} onClose={() => url.set({ more: { sel: null } })} />}
      {wanted && <SwitchDialog wanted={wanted} onClose={() => want(null)} />}
    </div>
  );
}

function History({ told }: { told: Told | undefined }) {
  const steps = told?.history ?? [];
  return (
    <Panel title={t("md.history")}>
      {steps.length === 0 ? (
        <p className="muted">{t("md.history.none")}</p>
      ) : (
        <ol className="col-s">
          {steps.map((step) => (
            <li key={`${step.at}${step.bundle}${step.state}`}>
              <Time ts={step.at} /> · <span className="mono">{step.bundle}</span> {t("md.became")} <strong>{t(`md.state.${step.state}`)}</strong>{" "}
              <span className="muted"><Untrusted text={`${step.by} ${step.why}`} most={200} /></span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
