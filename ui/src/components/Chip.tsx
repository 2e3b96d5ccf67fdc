import { Icon } from "./Icon.tsx";
import { classes } from "./classes.ts";
import "./Button.css";

/** A small label; with `onRemove` it can be taken away. */
export function Chip({ tone, children, onRemove, removeLabel, title }: {
  tone?: "good" | "bad" | "warn" | "accent"; children: React.ReactNode;
  onRemove?: () => void; removeLabel?: string; title?: string;
}) {
  return (
    <span className={classes("chip", tone && `chip-${tone}`)} title={title}>
      {children}
      {onRemove && (
        <button type="button" aria-label={removeLabel ?? "Remove"} onClick={onRemove}>
          <Icon name="close" />
        </button>
      )}
    </span>
  );
}
