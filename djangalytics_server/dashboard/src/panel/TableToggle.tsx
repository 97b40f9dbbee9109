import { Icon } from "../icons/Icon";

interface Props {
  title: string;
  shown: boolean;
  onToggle: () => void;
}

/** Switches a panel between its chart and the same numbers as a table. */
export function TableToggle({ title, shown, onToggle }: Props) {
  return (
    <button
      type="button"
      className="button quiet-button"
      aria-pressed={shown}
      aria-label={`${title} as a table`}
      onClick={onToggle}
    >
      <Icon name="table" />
      <span className="wide-only">Table</span>
    </button>
  );
}
