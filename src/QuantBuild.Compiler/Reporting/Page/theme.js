// Light, dark, or what the system says. Charts take their colours from the style sheet.

const themes = ["auto", "light", "dark"];
const themeKey = "quantbuild-report-theme";

/** Storage may be refused to a page from disk; then a choice lasts as long as the page. */
function storedTheme() {
  try {
    return localStorage.getItem(themeKey) ?? "auto";
  } catch {
    return "auto";
  }
}

function applyTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem(themeKey, name);
  } catch {
    // Not remembered, but applied.
  }
  redrawFigures();
}

function themeControl() {
  document.documentElement.dataset.theme = storedTheme();
  if (storedTheme() === "auto") delete document.documentElement.dataset.theme;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawFigures);
  return segments("Theme", themes.map(name => [name, name]), storedTheme(), applyTheme);
}

/** Colours as the style sheet resolves them now. */
function palette() {
  const probe = h("span");
  document.body.append(probe);
  const resolve = name => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colors = {
    text: resolve("text"), muted: resolve("muted"), line: resolve("line"), card: resolve("card"), kept: resolve("kept"), link: resolve("link"),
    experts: [resolve("high"), resolve("low")],
    bins: [resolve("high"), resolve("low"), resolve("third"), resolve("fifth"), resolve("fourth")],
    methods: [resolve("fourth"), resolve("low"), resolve("high"), resolve("third")],
    kinds: [resolve("high"), resolve("low"), resolve("third"), resolve("fifth"), resolve("warn"), resolve("fourth"), resolve("muted")],
    // viridis, nine stops
    sequence: ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"],
  };
  probe.remove();
  return colors;
}
