import { useId, useRef } from "react";
import "./Overlay.css";

export interface Tab {
  key: string;
  title: React.ReactNode;
  count?: number | string | undefined;
}

/** Tabs; arrows move between them. `children` is what the chosen one shows. */
export function Tabs({ tabs, value, onChange, label, children }: {
  tabs: readonly Tab[]; value: string; onChange: (key: string) => void; label: string; children: React.ReactNode;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const at = Math.max(0, tabs.findIndex((tab) => tab.key === value));
  const current = tabs[at];
  const move = (to: number) => {
    const next = tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.key);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[(to + tabs.length) % tabs.length]?.focus();
  };
  return (
    <div>
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        className="tabs"
        onKeyDown={(event) => {
          const steps: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
          const to = steps[event.key];
          if (to === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          move(to);
        }}
      >
        {tabs.map((tab, index) => (
          <button
            key={tab.key}
            type="button"
            role="tab"
            id={`${id}-${tab.key}`}
            aria-selected={index === at}
            aria-controls={index === at ? `${id}-panel` : undefined}
            tabIndex={index === at ? 0 : -1}
            className="tab"
            onClick={() => onChange(tab.key)}
          >
            {tab.title}
            {tab.count !== undefined && <span className="count">{tab.count}</span>}
          </button>
        ))}
      </div>
      {current && (
        <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current.key}`} tabIndex={0} className="tab-panel">
          {children}
        </div>
      )}
    </div>
  );
}
