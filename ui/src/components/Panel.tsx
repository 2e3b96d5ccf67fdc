import { useId } from "react";
import { classes } from "./classes.ts";

/** A framed part of a screen with a heading. */
export function Panel({ title, sub, actions, flush = false, children, className }: {
  title: React.ReactNode; sub?: React.ReactNode; actions?: React.ReactNode; flush?: boolean;
  children: React.ReactNode; className?: string;
}) {
  const id = useId();
  return (
    <section className={classes("panel", className)} aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>
          {title}
          {sub != null && <span className="sub">{sub}</span>}
        </h2>
        {actions}
      </div>
      <div className={classes("panel-body", flush && "flush")}>{children}</div>
    </section>
  );
}

/** The heading of a screen. */
export function PageHead({ title, sub, actions, before }: {
  title: React.ReactNode; sub?: React.ReactNode; actions?: React.ReactNode; before?: React.ReactNode;
}) {
  return (
    <header className="screen-head">
      <div>
        {before}
        <h1>{title}</h1>
        {sub != null && <p className="muted">{sub}</p>}
      </div>
      {actions && <div className="actions no-print">{actions}</div>}
    </header>
  );
}
