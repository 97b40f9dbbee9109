import { Icon } from "../icons/Icon";

interface Props {
  names: readonly string[];
  known: readonly string[];
  onChange: (names: readonly string[]) => void;
}

/** Which events the page shows; all of them when none is chosen. */
export function EventFilter({ names, known, onChange }: Props) {
  const rest = known.filter((name) => !names.includes(name));
  return (
    <div className="filter" role="group" aria-label="Event filter">
      {names.map((name) => (
        <button
          key={name}
          type="button"
          className="filter-chip"
          aria-label={`Stop filtering by ${name}`}
          onClick={() => onChange(names.filter((each) => each !== name))}
        >
          <span>{name}</span>
          <Icon name="close" />
        </button>
      ))}
      {rest.length > 0 && (
        <select
          aria-label="Filter by event"
          value=""
          onChange={(event) => {
            if (event.target.value !== "") onChange([...names, event.target.value]);
          }}
        >
          <option value="">{names.length === 0 ? "All events" : "Add an event…"}</option>
          {rest.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
      {names.length > 0 && (
        <button type="button" className="link-button" onClick={() => onChange([])}>
          Clear filter
        </button>
      )}
    </div>
  );
}
