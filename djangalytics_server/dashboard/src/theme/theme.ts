/** Light, dark, or as the system has it; `public/theme.js` applies the remembered one before the first paint. */

export type Theme = "system" | "light" | "dark";

const KEY = "djangalytics.theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export function parseTheme(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "system";
}

export function rememberedTheme(): Theme {
  try {
    return parseTheme(localStorage.getItem(KEY));
  } catch {
    return "system";
  }
}

export function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage is closed to this page: the theme holds until it is left.
  }
}

export function nextTheme(theme: Theme): Theme {
  return ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? "system";
}
