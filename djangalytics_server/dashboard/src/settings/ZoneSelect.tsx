interface Props {
  id: string;
  value: string;
  onChange: (zone: string) => void;
}

/** A time zone, of those that the browser knows, UTC and the one that is set. */
export function ZoneSelect({ id, value, onChange }: Props) {
  const zones = [...new Set([value, "UTC", ...Intl.supportedValuesOf("timeZone")])];
  return (
    <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
      {zones.map((zone) => (
        <option key={zone} value={zone}>
          {zone}
        </option>
      ))}
    </select>
  );
}
