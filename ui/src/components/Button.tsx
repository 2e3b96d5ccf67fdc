import { Icon, type IconName } from "./Icon.tsx";
import { classes } from "./classes.ts";
import "./Button.css";

type Look = "plain" | "primary" | "quiet" | "danger";

export interface ButtonProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  small?: boolean;
  icon?: IconName;
  /** Why it cannot be used; it stays focusable and says so. */
  reason?: string | null;
  ref?: React.Ref<HTMLButtonElement>;
}

/** A button. Without text it needs `aria-label`, which becomes its tooltip. */
export function Button({ look = "plain", small = false, icon, reason, children, className, onClick, title, ...rest }: ButtonProps) {
  const bare = children == null;
  return (
    <button
      type="button"
      {...rest}
      className={classes("btn", look !== "plain" && `btn-${look}`, small && "btn-small", bare && "btn-icon", className)}
      aria-disabled={reason ? true : rest["aria-disabled"]}
      title={reason ?? title ?? (bare ? rest["aria-label"] : undefined)}
      onClick={reason ? (event) => event.preventDefault() : onClick}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
