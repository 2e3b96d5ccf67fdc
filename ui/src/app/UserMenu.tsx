import { lazy, Suspense, useState } from "react";
import { useLocation } from "wouter";
import { Icon } from "../components/Icon.tsx";
import { Menu } from "../components/Menu.tsx";
import { toast } from "../components/Toast.tsx";
import { t } from "../i18n/index.ts";
import { copyView } from "./copyView.ts";
import { logOut, useSession } from "./session.ts";

const PasswordDialog = lazy(() => import("./PasswordDialog.tsx").then(({ PasswordDialog: it }) => ({ default: it })));

/** Who looks, and what concerns only them. */
export function UserMenu() {
  const { me } = useSession();
  const [, navigate] = useLocation();
  const [isChanging, setChanging] = useState(false);
  if (me === null) return null;
  const hasPassword = me.kind === "user" && me.name !== "setup";
  return (
    <>
      <Menu
        label={t("top.user", { name: me.name })}
        entries={[
          { title: <bdi>{me.name}</bdi> },
          { title: t("top.role", { role: me.role ?? me.scopes.join(", ") }) },
          { label: t("top.copylink"), icon: "link", end: "y", onSelect: copyView },
          { label: t("nav.settings"), icon: "info", onSelect: () => navigate("/settings") },
          {
            label: t("top.password"),
            icon: "star",
            reason: hasPassword ? null : t("password.none"),
            onSelect: () => setChanging(true),
          },
          "rule",
          {
            label: t("top.logout"),
            icon: "back",
            onSelect: () =>
              void logOut().catch((error: unknown) => toast(String(error instanceof Error ? error.message : error), { tone: "bad" })),
          },
        ]}
      >
        {(props) => (
          <button type="button" {...props} className="btn btn-quiet user-button" aria-label={t("top.user", { name: me.name })}>
            <Icon name="user" />
            <bdi className="user-name">{me.name}</bdi>
          </button>
        )}
      </Menu>
      <Suspense fallback={null}>{isChanging && <PasswordDialog onClose={() => setChanging(false)} />}</Suspense>
    </>
  );
}
