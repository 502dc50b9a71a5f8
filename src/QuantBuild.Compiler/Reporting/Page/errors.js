// Block × module heat maps of the error: the paper's Fig. 4.

/** A layer's errors over all bins or in one, where they are known: of a pulled artifact only the former are. */
const errorsIn = (layer, bin) => bin < 0 ? layer : layer.bins?.[bin];

const errorMetrics = {
  relative: { name: "output error", of: (layer, method, bin) => errorsIn(layer, bin)?.relative[method], format: percent },
  cosine: { name: "cosine error", of: (layer, method, bin) => errorsIn(layer, bin)?.cosine[method], format: number },
  rtn: { name: "share of RTN's error", of: (layer, method, bin) => {
    const errors = errorsIn(layer, bin)?.relative;
    return errors?.[RTN] > 0 ? errors[method] / errors[RTN] : null;
  }, format: percent },
};
const errorState = { metric: "relative", method: RECIPE, bin: -1 };

function errorsView() {
  const maps = h("div", { class: "grid" });
  const update = () => {
    const metric = errorMetrics[errorState.metric];
    const value = layer => layer?.relative ? metric.of(layer, errorState.method, errorState.bin) : null;
    const all = measured.map(value).filter(item => item != null);
    const range = [Math.min(...all), Math.max(...all)];
    clear(maps).append(...shownExperts().map(expert => h("div", null, card(all.length === 0 ? empty("No layer was measured.") : errorMap(expert, value, metric, range)))),
      h("div", null, card(depthFigure(value, metric))));
  };
  update();
  const binCount = Math.max(...data.experts.map(expert => expert.bins.length));
  return [
    h("div", { class: "toolbar" },
      segments("Error", Object.entries(errorMetrics).map(([key, metric]) => [key, metric.name]), errorState.metric, key => { errorState.metric = key; update(); }),
      choice("Method", methodNames.map((name, index) => [index, name]), errorState.method, index => { errorState.method = Number(index); update(); }),
      choice("Bin", [[-1, "all"], ...Array.from({ length: binCount }, (_, bin) => [bin, data.experts.map(expert => expert.bins[bin]?.name ?? "–").join(" / ")])], errorState.bin, bin => { errorState.bin = Number(bin); update(); })),
    maps,
  ];
}

function errorMap(expert, value, metric, range) {
  const blocks = Array.from({ length: data.experts[expert].blocks }, (_, block) => block);
  const at = (block, module) => layerById.get(`${data.experts[expert].name}/blocks.${block}.${data.modules[module]}`);
  return heatmap({
    title: `${expertTitle(expert)} expert: ${metric.name}${errorState.method === RECIPE ? "" : ` of ${methodNames[errorState.method]}`}`, label: "By block and module; brighter is larger.",
    columns: blocks.map(String), rows: data.modules, value: (block, module) => value(at(block, module)), kept: (block, module) => at(block, module)?.kept,
    text: (block, module) => cellText(at(block, module), value, metric),
    format: metric.format, range, xName: "block", height: 380, open: (block, module) => { location.hash = `layer/${at(block, module).id}`; },
    note: layers.some(layer => layer.expert === expert && layer.kept) ? "Grey: kept at bf16. A click opens the layer." : "A click opens the layer.",
  });
}

function cellText(layer, value, metric) {
  if (!layer) return ["no such layer", []];
  if (layer.kept) return [layer.name, [["kept at", "bf16"]]];
  return [layer.name, [[metric.name, metric.format(value(layer))], ["RTN's output error", percent(layer.relative?.[RTN])]]];
}

/** Mean over the modules of each block: how sensitivity changes with depth. */
function depthFigure(value, metric) {
  const blocks = Math.max(...data.experts.map(expert => expert.blocks));
  return lines({
    title: `By depth: mean ${metric.name} of a block's layers`, label: "A line per expert.", positions: Array.from({ length: blocks }, (_, block) => String(block)),
    xName: "block", yName: metric.name, format: metric.format, titleOf: block => `block ${block}`,
    series: shownExperts().map(expert => ({ name: expertTitle(expert), color: colors => colors.experts[expert],
      values: Array.from({ length: blocks }, (_, block) => mean(measured.filter(layer => layer.expert === expert && layer.block === block).map(value).filter(item => item != null))) })),
  });
}
