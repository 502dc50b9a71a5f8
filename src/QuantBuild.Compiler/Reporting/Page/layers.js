// Every layer in one table.

function layersView() {
  const largest = Math.max(...measured.map(layer => layer.error), 0);
  const state = { text: "", module: "", precision: "" };
  const count = h("span", { class: "note", role: "status" });
  const ratios = layer => layer.clips?.map(clip => clip ? clip.ratio : "–").join(" · ");
  const columns = [
    { title: "Layer", value: layer => layer.name, show: layer => layerLink(layer) },
    { title: "Expert", value: layer => layer.expert, show: layer => expertMark(layer.expert) },
    { title: "Precision", value: layer => layer.recipe.precision, show: layer => layer.recipe.precision },
    { title: "Rank", screenOnly: true, numeric: true, down: true, value: layer => layer.kept ? null : layer.recipe.rank, show: layer => layer.kept ? "–" : String(layer.recipe.rank) },
    { title: "Output error", hint: "Relative error of the layer's output, ‖Y − Ŷ‖ / ‖Y‖, over all bins", down: true, value: layer => layer.error,
      show: layer => layer.error == null ? "–" : meter(layer.error, largest, percent(layer.error), expertClass(layer.expert)) },
    { title: "Cosine error", hint: "1 − cosine of Y and Ŷ", numeric: true, down: true, value: layer => layer.cosine?.[RECIPE] ?? null, show: layer => number(layer.cosine?.[RECIPE]) },
    { title: "RTN", hint: "Output error of plain rounding to nearest", numeric: true, down: true, value: layer => layer.relative?.[RTN] ?? null, show: layer => percent(layer.relative?.[RTN]) },
    { title: "of RTN", hint: "Output error as a share of plain rounding's", numeric: true, down: true, value: layer => layer.relative ? layer.error / layer.relative[RTN] : null,
      show: layer => layer.relative ? percent(layer.error / layer.relative[RTN]) : "–" },
    ...evaluatedLayers.size > 0 ? [{ title: "Held out", hint: "Output error on tokens of evaluation samples, which no build has seen", numeric: true, down: true,
      value: layer => evaluatedLayers.get(layer.id)?.heldOut ?? null, show: layer => percent(evaluatedLayers.get(layer.id)?.heldOut) }] : [],
    { title: "Clipping gain", screenOnly: true, hint: "How much the chosen clip ratios lower the error against ratio 1", numeric: true, down: true,
      value: layer => layer.relative ? 1 - layer.error / layer.relative[UNCLIPPED] : null, show: layer => layer.relative ? percent(Math.max(0, 1 - layer.error / layer.relative[UNCLIPPED])) : "–" },
    { title: "Clip ratios", hint: "One per bin, from the highest timesteps down", value: layer => ratios(layer) ?? null, show: layer => ratios(layer) ?? "–" },
    { title: "Outliers", hint: "Largest channel of its input over the median one, before smoothing", numeric: true, down: true,
      value: layer => outlierRatio(siteOf(layer)?.sorted), show: layer => times(outlierRatio(siteOf(layer)?.sorted)) },
    { title: "Shape", screenOnly: true, hint: "Outputs × inputs", numeric: true, down: true, value: layer => layer.out * layer.in, show: layer => `${layer.out} × ${layer.in}` },
    { title: "Size", screenOnly: true, numeric: true, down: true, value: layer => layer.size, show: layer => bytes(layer.size) },
    { title: "Time", screenOnly: true, hint: "Of its own stages, now or when they ran once", numeric: true, down: true, value: layer => layer.kept ? null : layer.seconds, show: layer => layer.kept ? "–" : seconds(layer.seconds) },
    { title: "This run", screenOnly: true, value: layer => layer.ran, down: true, show: layer => layer.kept ? "kept" : layer.ran === 0 ? "cached" : layer.ran === layer.actions ? "ran" : `${layer.ran} of ${layer.actions} ran` },
  ];
  const table = sortableTable({ columns, rows: layers, sort: [4, false], label: "Layers", changed: shown => { count.textContent = `${shown} of ${plural(layers.length, "layer")}`; } });
  const filter = () => {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    table.filter(layer => shows(layer) && (!state.module || layer.module === state.module) && (!state.precision || layer.recipe.precision === state.precision)
      && words.every(word => `${layer.id} ${layer.recipe.precision} ${layer.why ?? ""}`.toLowerCase().includes(word)));
  };
  filter();
  const precisions = [...new Set(layers.map(layer => layer.recipe.precision))];
  return [card(
    h("div", { class: "toolbar" },
      h("input", { type: "search", placeholder: "Search, such as “3.ffn” or “low self_attn”", "aria-label": "Search layers", oninput: event => { state.text = event.target.value; filter(); } }),
      choice("Module", [["", "all"], ...data.modules.map(module => [module, module])], "", value => { state.module = value; filter(); }),
      precisions.length > 1 ? choice("Precision", [["", "all"], ...precisions.map(name => [name, name])], "", value => { state.precision = value; filter(); }) : null,
      count),
    h("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Layers" }, table.element),
    layers.length > printedRows ? h("p", { class: "note print-only" }, `On paper: the first ${printedRows} rows as sorted.`) : null)];
}
