interface Props {
  rangeName: string;
  names: readonly string[];
  onAllTime: () => void;
  onClear: () => void;
}

/** There are events, but none in this view. */
export function NothingHere({ rangeName, names, onAllTime, onClear }: Props) {
  const what = names.length === 0 ? "No events" : `No events named ${names.join(" or ")}`;
  return (
    <section className="panel nothing" aria-labelledby="nothing-title" data-testid="nothing-in-range">
      <h2 id="nothing-title">{what} in this range</h2>
      <p>The range is “{rangeName}”. There are events outside of it.</p>
      <p className="nothing-ways">
        <button type="button" className="button" onClick={onAllTime}>
          Show all time
        </button>
        {names.length > 0 && (
          <button type="button" className="button" onClick={onClear}>
            Clear the filter
          </button>
        )}
      </p>
    </section>
  );
}
