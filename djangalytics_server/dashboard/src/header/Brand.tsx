/** The mark: two counts, and the one that has just come in. */
export function Brand() {
  return (
    <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="brand-ground" width="32" height="32" rx="8" />
      <path className="brand-bar" d="M8 23v-5M16 23V9" />
      <path className="brand-new" d="M24 23v-9" />
    </svg>
  );
}
