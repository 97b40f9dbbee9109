const PATHS = {
  refresh: "M20 11a8 8 0 0 0-14.3-4L3.5 9M3.5 4.5V9H8M4 13a8 8 0 0 0 14.3 4l2.2-2M20.5 19.5V15H16",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
  moon: "M20 14.5A8.2 8.2 0 0 1 9.5 4 8.2 8.2 0 1 0 20 14.5Z",
  system: "M4 5h16v11H4ZM9 20h6M12 16v4",
  table: "M4 5h16v14H4ZM4 10h16M4 14.5h16M10 5v14",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h11v11H9ZM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  exit: "M14 4h5v16h-5M4 12h10M10.5 8.5 14 12l-3.5 3.5",
  alert: "M12 4 2.8 20h18.4ZM12 10v4.5M12 17v.5",
  chevron: "M9 6l6 6-6 6",
  back: "M15 6l-6 6 6 6",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
} as const;

export type IconName = keyof typeof PATHS;

/** A line icon in the colour of the text beside it; always decoration, so hidden from readers. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
