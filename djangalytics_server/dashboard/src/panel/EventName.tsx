interface Props {
  name: string;
  onPick: (name: string) => void;
}

/** An event's name that filters the page to it. Whatever the name holds is shown as text. */
export function EventName({ name, onPick }: Props) {
  return (
    <button
      type="button"
      className="event-name"
      title={`Show only ${name}`}
      onClick={() => onPick(name)}
    >
      {name}
    </button>
  );
}
