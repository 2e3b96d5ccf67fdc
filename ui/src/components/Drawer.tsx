import { useEffect, useId, useRef } from "react";
import { Button } from "./Button.tsx";
import "./Overlay.css";

/** Details beside a list, which stays usable. Escape closes and gives the focus back. */
export function Drawer({ title, onClose, actions, children }: {
  title: React.ReactNode; onClose: () => void; actions?: React.ReactNode; children: React.ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    box.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <div
      ref={box}
      className="drawer"
      role="dialog"
      aria-labelledby={id}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.stopPropagation();
        onClose();
      }}
    >
      <div className="drawer-head">
        <h2 id={id}>{title}</h2>
        {actions}
        <Button look="quiet" icon="close" aria-label="Close" onClick={onClose} />
      </div>
      <div className="drawer-body">{children}</div>
    </div>
  );
}
