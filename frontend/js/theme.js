// A classic script, so that the chosen theme stands before the first paint. Its twin is components/hv-theme.js.
{
  let theme = null;
  try {
    theme = localStorage.getItem("hematovision-theme");
  } catch { /* storage switched off: the system's theme stands */ }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
