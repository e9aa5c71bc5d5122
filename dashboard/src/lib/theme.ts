export type Theme = "system" | "light" | "dark";

const NAME = "mycel.theme";

export function storedTheme(): Theme {
  const stored = localStorage.getItem(NAME);
  return stored === "light" || stored === "dark" ? stored : "system";
}

/** Sets the colours; "system" leaves them to the browser's own setting. */
export function applyTheme(theme: Theme) {
  localStorage.setItem(NAME, theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  window.dispatchEvent(new Event("themechange"));
}
