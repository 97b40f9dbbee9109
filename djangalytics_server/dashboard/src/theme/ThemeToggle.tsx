import { useState } from "react";
import { Icon } from "../icons/Icon";
import { applyTheme, nextTheme, rememberedTheme, type Theme } from "./theme";

const ICONS = { system: "system", light: "sun", dark: "moon" } as const;
const NAMES: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };

/** Goes round: as the system, light, dark. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(rememberedTheme);
  const turn = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  const label = `Theme: ${NAMES[theme]}`;
  return (
    <button type="button" className="button icon-button" aria-label={label} title={label} onClick={turn}>
      <Icon name={ICONS[theme]} />
    </button>
  );
}
