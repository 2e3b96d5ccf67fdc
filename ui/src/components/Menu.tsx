import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Icon, type IconName } from "./Icon.tsx";
import "./Overlay.css";

export interface MenuItem {
  label: React.ReactNode;
  icon?: IconName;
  end?: React.ReactNode;
  onSelect?: () => void;
  /** Goes somewhere instead; an address of this page. */
  href?: string;
  /** Why it cannot be chosen. */
  reason?: string | null;
  checked?: boolean;
}

export type MenuEntry = MenuItem | "rule" | { title: React.ReactNode };

interface TriggerProps {
  ref: React.RefObject<HTMLButtonElement | null>;
  "aria-haspopup": "menu";
  "aria-expanded": boolean;
  "aria-controls": string | undefined;
  onClick: (event: React.MouseEvent) => void;
}

const GAP = 4;
const EDGE = 8;

/** A menu below the button that `children` makes; arrows move, Escape closes and gives focus back. */
export function Menu({ entries, label, children }: {
  entries: MenuEntry[] | (() => MenuEntry[]); label: string; children: (props: TriggerProps) => React.ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = (focus = true) => {
    setOpen(false);
    if (focus) trigger.current?.focus();
  };
  return (
    <>
      {children({
        ref: trigger,
        "aria-haspopup": "menu",
        "aria-expanded": open,
        "aria-controls": open ? id : undefined,
        onClick: (event) => {
          event.stopPropagation();
          setOpen(!open);
        },
      })}
      {open && <Popup id={id} label={label} entries={typeof entries === "function" ? entries() : entries} anchor={trigger} close={close} />}
    </>
  );
}

function Popup({ id, label, entries, anchor, close }: {
  id: string; label: string; entries: MenuEntry[]; anchor: React.RefObject<HTMLElement | null>; close: (focus?: boolean) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ top: number; left: number } | null>(null);

  useLayoutEffect(() => setPlace(beside(anchor.current, box.current)), [anchor]);

  useEffect(() => {
    box.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus({ preventScroll: true });
    const outside = (event: Event) => {
      if (!(event.target instanceof Node)) return;
      if (!box.current?.contains(event.target) && !anchor.current?.contains(event.target)) close(false);
    };
    const moved = (event: Event) => {
      if (event.target instanceof Node && box.current?.contains(event.target)) return;
      const from = anchor.current?.getBoundingClientRect();
      // It follows its button until that is gone.
      if (!from || from.bottom < 0 || from.top > window.innerHeight) close(false);
      else setPlace(beside(anchor.current, box.current));
    };
    document.addEventListener("pointerdown", outside, true);
    window.addEventListener("resize", moved);
    document.addEventListener("scroll", moved, true);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      window.removeEventListener("resize", moved);
      document.removeEventListener("scroll", moved, true);
    };
    // The handlers only close; the first ones do.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close();
    } else if (event.key in steps) {
      event.preventDefault();
      items[((steps[event.key] ?? 0) + items.length) % items.length]?.focus();
    } else if (event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.metaKey) {
      const key = event.key.toLowerCase();
      const next = [...items.slice(at + 1), ...items.slice(0, at + 1)].find((item) =>
        item.textContent?.trim().toLowerCase().startsWith(key),
      );
      next?.focus();
    }
  };

  return createPortal(
    <div
      ref={box}
      id={id}
      role="menu"
      aria-label={label}
      className="menu"
      style={{ top: place?.top ?? 0, left: place?.left ?? 0, opacity: place ? 1 : 0 }}
      onKeyDown={onKeyDown}
      onClick={(event) => event.stopPropagation()}
    >
      {entries.map((entry, at) =>
        entry === "rule" ? (
          <div key={at} role="separator" className="menu-rule" />
        ) : "title" in entry ? (
          <div key={at} role="presentation" className="menu-title">{entry.title}</div>
        ) : (
          <Item key={at} item={entry} close={close} />
        ),
      )}
    </div>,
    document.body,
  );
}

/** Below the button, or above it where there is no room. */
function beside(anchor: HTMLElement | null, menu: HTMLElement | null): { top: number; left: number } | null {
  const from = anchor?.getBoundingClientRect();
  const own = menu?.getBoundingClientRect();
  if (!from || !own) return null;
  const below = from.bottom + GAP + own.height <= window.innerHeight - EDGE;
  const top = below ? from.bottom + GAP : Math.max(EDGE, from.top - GAP - own.height);
  return { top, left: Math.max(EDGE, Math.min(from.left, window.innerWidth - own.width - EDGE)) };
}

function Item({ item, close }: { item: MenuItem; close: (focus?: boolean) => void }) {
  const content = (
    <>
      {item.checked !== undefined ? (item.checked ? <Icon name="check" /> : <span className="icon" />) : item.icon ? <Icon name={item.icon} /> : null}
      <span>{item.label}</span>
      {item.end != null && <span className="end">{item.end}</span>}
    </>
  );
  if (item.href !== undefined && !item.reason) {
    return (
      <a role="menuitem" className="menu-item" tabIndex={-1} href={item.href} onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || !item.onSelect) return;
        event.preventDefault();
        close();
        item.onSelect();
      }}>
        {content}
      </a>
    );
  }
  return (
    <button
      type="button"
      role={item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
      aria-checked={item.checked}
      aria-disabled={item.reason ? true : undefined}
      title={item.reason ?? undefined}
      className="menu-item"
      tabIndex={-1}
      onClick={() => {
        if (item.reason) return;
        close();
        item.onSelect?.();
      }}
    >
      {content}
    </button>
  );
}
