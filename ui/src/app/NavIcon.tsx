const PATHS = {
  overview: "M2.5 2.5h4.7v6H2.5zM8.8 2.5h4.7v3.2H8.8zM8.8 7.3h4.7v6.2H8.8zM2.5 10.1h4.7v3.4H2.5z",
  incidents: "M8 1.8l5.2 2v4c0 3.2-2.1 5.3-5.2 6.4-3.1-1.1-5.2-3.2-5.2-6.4v-4zM8 5.2v3.2M8 10.6h.01",
  alerts: "M4.2 10.8V7a3.8 3.8 0 0 1 7.6 0v3.8l1.2 1.4H3zM6.6 13.9h2.8",
  entities: "M6 7.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8zM1.6 13.2c.3-2.4 2-3.7 4.4-3.7s4.1 1.3 4.4 3.7M10.6 7.2a2 2 0 1 0-.6-3.9M11.8 9.6c1.5.3 2.4 1.5 2.6 3.2",
  endpoints: "M5.6 4.4L2.2 8l3.4 3.6M10.4 4.4L13.8 8l-3.4 3.6M9 3.4L7 12.6",
  explorer: "M7 2.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.8zM10.3 10.3l3.3 3.3M5 7.4h.01M7 7.4V5.2M9 7.4V6.2",
  models: "M8 2.2a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zM3.6 10.6a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zM12.4 10.6a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zM7.2 5.2l-2.8 5.6M8.8 5.2l2.8 5.6M5.2 12.2h5.6",
  settings: "M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 8h2M7.5 8h6M6 6.5v3M2.5 11.5h6M11.5 11.5h2M10 10v3",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  keyboard: "M1.8 4h12.4v8H1.8zM4.2 6.6h.01M6.7 6.6h.01M9.2 6.6h.01M11.7 6.6h.01M4.2 9.5h7.6",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
} as const;

export type NavIconName = keyof typeof PATHS;

/** Line icons of the shell. */
export function NavIcon({ name }: { name: NavIconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
