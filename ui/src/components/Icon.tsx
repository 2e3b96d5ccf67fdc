/** Line icons, 16 × 16, in the colour of the text around them. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

const PATHS = {
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  left: "M10 4L6 8l4 4",
  right: "M6 4l4 4-4 4",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5l3.2 3L13 4.5",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  filter: "M2 3.5h12L9.5 8.8v4L6.5 11V8.8z",
  exclude: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM4 12l8-8",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  open: "M9.5 2.5h4v4M13.3 2.7L8 8M11.5 9.5v4h-9v-9h4",
  download: "M8 2.5v7.5M4.8 7L8 10.2 11.2 7M2.5 13.5h11",
  print: "M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z",
  clock: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 4.8V8l2.2 1.6",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 3.5v9",
  chart: "M2.5 2.5v11h11M5 10l2.8-3.2 2 1.8L13 5",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2L13.5 13.5",
  plus: "M8 3v10M3 8h10",
  save: "M3 2.8h8l2.2 2.2v8.2H3zM5.5 2.8v3.4h4.6V2.8M5.5 13V9.5h5V13",
  star: "M8 2.4l1.7 3.6 3.9.5-2.9 2.7.8 3.9L8 11.2l-3.5 1.9.8-3.9L2.4 6.5l3.9-.5z",
  alert: "M8 2.5L14 13H2zM8 6.5v3M8 11.3h.01",
  user: "M8 8.2a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM2.8 13.6c.5-2.6 2.6-3.8 5.2-3.8s4.7 1.2 5.2 3.8",
  back: "M13 8H3.5M7 4L3 8l4 4",
  zoomout: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2L13.5 13.5M5.2 7h3.6",
  info: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 7.4v3.4M8 5.2h.01",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2v9.6L12.5 8z",
  link: "M6.8 9.2l2.4-2.4M7 4.5l1.2-1.2a2.7 2.7 0 0 1 4.5 3.8l-1.6 1.4M9 11.5l-1.2 1.2a2.7 2.7 0 0 1-4.5-3.8l1.6-1.4",
} as const;

export type IconName = keyof typeof PATHS;
