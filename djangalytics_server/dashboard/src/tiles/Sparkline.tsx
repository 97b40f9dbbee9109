interface Props {
  values: readonly number[];
  /** A second line, drawn faintly behind. */
  beside?: readonly number[];
}

const WIDTH = 120;
const HEIGHT = 32;

function path(values: readonly number[], largest: number): string {
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  return values
    .map((value, index) => {
      const y = HEIGHT - 2 - (value / largest) * (HEIGHT - 4);
      return `${index === 0 ? "M" : "L"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

/** The shape of a row of counts; decoration beside the number that says it. */
export function Sparkline({ values, beside = [] }: Props) {
  const largest = Math.max(0, ...values, ...beside);
  if (values.length < 2 || largest === 0) return null;
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {beside.length > 1 && <path className="beside" d={path(beside, largest)} />}
      <path d={path(values, largest)} />
    </svg>
  );
}
