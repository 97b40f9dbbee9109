/** The outline of what is on its way. */
export function Skeleton({ kind }: { kind: "chart" | "list" | "tile" }) {
  const rows = { chart: 1, list: 6, tile: 2 }[kind];
  return (
    <div className={`skeleton skeleton-${kind}`} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} className="bone" />
      ))}
    </div>
  );
}
