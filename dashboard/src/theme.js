{
  // The colours that were chosen here (lib/theme.ts), before anything is painted in others.
  const theme = localStorage.getItem("mycel.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
