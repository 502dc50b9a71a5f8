// Tabs, addresses, and the page around the views.

const views = {
  overview: { title: "Overview", make: overviewView },
  layers: { title: "Layers", make: layersView },
  errors: { title: "Error map", make: errorsView },
  clipping: { title: "Clipping", make: clippingView },
  activations: { title: "Activations", make: activationsView },
  layer: { title: "Layer", make: layerView },
  methods: { title: "Methods", make: methodsView },
  cost: { title: "Size and time", make: costView },
  build: { title: "Build", make: buildView },
  ...(diff ? { diff: { title: "Diff", make: diffView } } : {}),
};
const main = document.getElementById("main");
const tabs = document.getElementById("tabs");

for (const [name, item] of Object.entries(views)) {
  item.section = h("section", { class: "view", id: `view-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: true });
  item.tab = h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, onclick: () => { location.hash = name; } }, item.title);
  main.append(item.section);
  tabs.append(item.tab);
}

/** Fills a view if it does not show this already. */
function fill(name, argument) {
  const item = views[name];
  if (item.shown === `${argument}`) return;
  item.shown = `${argument}`;
  clear(item.section).append(h("h2", { class: "print-title" }, item.title), ...item.make(argument).filter(Boolean));
  for (const child of item.section.querySelectorAll(".card:has(table.data)")) child.classList.add("long");
}

/** Shows what the address names: #layers, #layer/low_noise/blocks.3.ffn.2, #build/changes. */
function route() {
  const [name, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
  const current = views[name] ? name : "overview";
  for (const [other, item] of Object.entries(views)) {
    item.section.hidden = other !== current;
    item.tab.setAttribute("aria-selected", String(other === current));
    item.tab.tabIndex = other === current ? 0 : -1;
  }
  fill(current, current === "layer" ? rest.join("/") : "");
  views[current].tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  const place = document.getElementById(`${name}/${rest.join("/")}`);
  if (place) place.scrollIntoView();
  else if (rest.length > 0 || current !== route.last) scrollTo(0, 0);
  route.last = current;
  document.title = `${data.name}: ${current === "layer" && rest.length > 0 ? rest.join("/") : views[current].title} – quantization report`;
}

/** Forgets what the views show, as the choice of experts changed. */
function refresh() {
  for (const item of Object.values(views)) item.shown = undefined;
  route();
}

function prepareForPrint() {
  for (const name of Object.keys(views)) if (views[name].shown === undefined) fill(name, "");
}

tabs.addEventListener("keydown", event => {
  const names = Object.keys(views);
  const at = names.findIndex(name => views[name].tab === document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
  if (to == null || at < 0) return;
  event.preventDefault();
  const name = names[(to + names.length) % names.length];
  location.hash = name;
  views[name].tab.focus();
});

document.getElementById("title").append(data.name, h("small", null, `${data.architecture}, quantized by QuantBuild ${data.tool}`));
document.getElementById("controls").append(
  segments("Expert", [[null, "both"], ...data.experts.map((_, index) => [index, expertTitle(index)])].map(([value, label]) => [value ?? "both", label]), "both", value => chooseExpert(value === "both" ? null : value)),
  themeControl(),
  h("button", { type: "button", onclick: () => print() }, "Print"));
document.getElementById("footer").append(`Plan ${data.plan.slice(0, 12)}, made ${run.started}. Charts: Apache ECharts. This file is complete: it loads nothing.`);

view.listeners.add(refresh);
addEventListener("hashchange", route);
route();
