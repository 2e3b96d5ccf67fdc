import { Component } from "react";
import { Button } from "../components/Button.tsx";
import { Empty } from "../components/States.tsx";
import { t } from "../i18n/index.ts";

interface Props {
  children: React.ReactNode;
}

/** A screen that cannot be shown leaves the others alone. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="screen">
        <Empty title={t("route.broken")} icon="alert">
          <p className="muted">{error.message}</p>
          <Button onClick={() => this.setState({ error: null })}>{t("route.again")}</Button>
          <Button look="quiet" onClick={() => window.location.reload()}>
            {t("version.reload")}
          </Button>
        </Empty>
      </div>
    );
  }
}
