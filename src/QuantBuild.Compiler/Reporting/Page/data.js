// The report's data and the questions that several parts of the page ask it.

/** Names of files and tensors are strangers' text: what would turn or hide its neighbours is shown as its code. */
const printable = text => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, match => [...Array(match.length).keys()]
  .map(i => `\\u${match.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""));

const part = id => JSON.parse(document.getElementById(id).textContent, (key, value) => typeof value === "string" ? printable(value) : value);
const data = part("data");
const run = part("run");
const evaluation = part("evaluation");
const diff = part("diff");

/** Methods of the Measure stage, in the order of data.methods. */
const methodNames = ["RTN", "SVDQuant + RTN", "SVDQuant + GPTQ", "This build"];
const RTN = 0, UNCLIPPED = 2, RECIPE = 3;

const expertClass = index => index === 0 ? "high" : "low";
const expertTitle = index => data.experts[index].name.replaceAll("_", " ");

/** Every layer of both experts, with what is looked up often. */
const layers = data.experts.flatMap((expert, e) => expert.layers.map((facts, index) => {
  const recipe = data.recipes[facts.recipe];
  const record = run.layers[e]?.[index];
  return {
    ...facts, expert: e, index, recipe,
    id: `${expert.name}/${facts.name}`,
    module: facts.name.replace(/^blocks\.\d+\./, ""),
    kept: recipe.precision === "bf16",
    error: facts.relative?.[RECIPE] ?? null,
    size: facts.bytes ? sum(facts.bytes) : facts.keptBytes,
    seconds: record ? sum(record.seconds) : null,
    ran: record?.ran ?? 0, actions: record?.of ?? 0,
  };
}));
const quantized = layers.filter(layer => !layer.kept);
const measured = quantized.filter(layer => layer.error != null);
const layerById = new Map(layers.map(layer => [layer.id, layer]));

/** What an evaluation of this very build found about single layers. */
const evaluatedLayers = new Map(evaluation?.current ? (evaluation.layers ?? []).map(layer => [`${layer.expert}/${layer.name}`, layer]) : []);

/** Which expert the reader looks at: null for both. */
const view = { expert: null, listeners: new Set() };
const shownExperts = () => data.experts.map((_, index) => index).filter(index => view.expert == null || view.expert === index);
const shows = item => view.expert == null || item.expert === view.expert;

function chooseExpert(index) {
  view.expert = index;
  for (const listener of view.listeners) listener();
}

const layerLink = (layer, text) => h("a", { href: `#layer/${layer.id}` }, text ?? layer.name);
const expertMark = index => h("span", { class: expertClass(index) }, h("span", { class: "dot" }), h("span", { style: "color: var(--text)" }, expertTitle(index)));

/** What a site is called on the page, and the facts of a layer's site. */
const siteOf = layer => data.experts[layer.expert].sites.find(site => site && site.block === layer.block && site.site === layer.site) ?? null;

/** Outliers of a site: how far its largest channel stands out of the middle one. */
const outlierRatio = curve => curve && curve[middlePlace] > 0 ? curve[0] / curve[middlePlace] : null;
const middlePlace = data.places.indexOf(0.5);

/** Magnitudes of a site as numbers [step][group], from bfloat16 in base64. */
function magnitudes(site) {
  const raw = Uint8Array.from(atob(site.magnitudes), character => character.charCodeAt(0));
  const bits = new DataView(raw.buffer);
  const word = new DataView(new ArrayBuffer(4));
  const value = index => {
    word.setUint32(0, bits.getUint16(index * 2, true) * 65536);
    return word.getFloat32(0);
  };
  return Array.from({ length: site.max.length }, (_, step) => Array.from({ length: site.groups }, (_, group) => value(step * site.groups + group)));
}

/** First and last channel of a group, as ChannelGroups divides them. */
function channelsOf(site, group) {
  const start = Math.floor(group * site.channels / site.groups);
  const end = Math.floor((group + 1) * site.channels / site.groups) - 1;
  return start === end ? `channel ${start}` : `channels ${start}–${end}`;
}

const artifactBytes = () => data.experts.every(expert => expert.files) ? sum(data.experts.flatMap(expert => expert.files.map(file => file[1]))) : null;
const sourceBytes = () => sum(data.experts.map(expert => expert.sourceBytes));
const bitsPerWeight = () => quantized.length === 0 ? null
  : 8 * sum(quantized.map(layer => layer.size)) / sum(quantized.map(layer => layer.in * layer.out));

/** Layers beyond a threshold of the manifest. */
function gateViolations() {
  const { maxRelativeError, maxErrorVsRtn, beyond } = data.gates;
  if (beyond) {
    const ids = new Set(beyond);
    return measured.filter(layer => ids.has(layer.id));
  }
  return measured.filter(layer => (maxRelativeError != null && layer.error > maxRelativeError)
    || (maxErrorVsRtn != null && layer.relative[RTN] > 0 && layer.error / layer.relative[RTN] > maxErrorVsRtn));
}
