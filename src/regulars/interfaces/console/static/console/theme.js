// The theme that was chosen in the console also holds at its door.
(() => {
  let chosen = "auto";
  try { chosen = JSON.parse(localStorage.getItem("adminTheme") || localStorage.getItem("_x_adminTheme") || '"auto"'); } catch { /* nothing was chosen */ }
  const dark = chosen === "dark" || (chosen === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
