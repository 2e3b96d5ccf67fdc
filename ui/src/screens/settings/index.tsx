import { useLocation, useParams } from "wouter";
import { useMay } from "../../app/session.ts";
import { PageHead } from "../../components/Panel.tsx";
import { NoPermission } from "../../components/States.tsx";
import { Tabs } from "../../components/Tabs.tsx";
import { type Key, t } from "../../i18n/index.ts";
import { About } from "./About.tsx";
import { Appearance } from "./Appearance.tsx";
import { Audit } from "./Audit.tsx";
import { Detectors } from "./Detectors.tsx";
import { Keys } from "./Keys.tsx";
import { Retention } from "./Retention.tsx";
import { Sources } from "./Sources.tsx";
import { Users } from "./Users.tsx";
import "./settings.css";

interface Section {
  readonly key: string;
  readonly title: Key;
  readonly admin: boolean;
  readonly show: React.ComponentType;
}

const SECTIONS: readonly Section[] = [
  { key: "sources", title: "set.sources", admin: false, show: Sources },
  { key: "keys", title: "set.keys", admin: true, show: Keys },
  { key: "users", title: "set.users", admin: true, show: Users },
  { key: "detectors", title: "set.detectors", admin: false, show: Detectors },
  { key: "retention", title: "set.retention", admin: true, show: Retention },
  { key: "audit", title: "set.audit", admin: true, show: Audit },
  { key: "look", title: "set.look", admin: false, show: Appearance },
  { key: "about", title: "set.about", admin: false, show: About },
];

/** What is set up: ways in, keys, people, limits, and who changed what. */
export default function Settings() {
  const wanted = useParams()["section"];
  const [, navigate] = useLocation();
  const isAdmin = useMay("admin");
  const section = SECTIONS.find((each) => each.key === wanted) ?? SECTIONS[0]!;
  const Shown = section.show;
  return (
    <div className="screen settings">
      <PageHead title={t("set.settings")} />
      <Tabs
        label={t("set.sections")}
        tabs={SECTIONS.map((each) => ({ key: each.key, title: t(each.title) }))}
        value={section.key}
        onChange={(key) => navigate(`/settings/${key}`)}
      >
        {section.admin && !isAdmin ? <NoPermission detail={t("set.adminonly")} /> : <Shown />}
      </Tabs>
    </div>
  );
}
