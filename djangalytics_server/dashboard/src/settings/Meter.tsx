interface Props {
  label: string;
  done: number;
  of: number;
  words: string;
}

/** How far something is, as a bar and in words. */
export function Meter({ label, done, of, words }: Props) {
  return (
    <div className="meter">
      <progress aria-label={label} max={Math.max(1, of)} value={of === 0 ? 0 : Math.min(done, of)} />
      <p className="small" role="status">
        {words}
      </p>
    </div>
  );
}
