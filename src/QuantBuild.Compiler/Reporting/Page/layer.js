// Everything about one layer; #layer/expert/name leads here.

function layerView(id) {
  const layer = layerById.get(id) ?? measured.toSorted((a, b) => b.error - a.error)[0] ?? layers[0];
  if (!layer) return [card(empty("The model has no quantizable layers."))];
  const order = layers.filter(other => other.expert === layer.expert);
  const position = order.indexOf(layer);
  const go = other => other && (location.hash = `layer/${other.id}`);
  const step = (offset, text) => h("button", { type: "button", disabled: !order[position + offset], onclick: () => go(order[position + offset]) }, text);
  const twin = layers.find(other => other.expert !== layer.expert && other.name === layer.name);
  const site = siteOf(layer);
  return [
    layerById.has(id) || !id ? null : h("p", { class: "banner", role: "note" }, `There is no layer “${id}” in this report.`),
    h("div", { class: "toolbar" },
      choice("Expert", data.experts.map((_, index) => [index, expertTitle(index)]), layer.expert, value => go(layers.find(other => other.expert === Number(value) && other.name === layer.name) ?? layers.find(other => other.expert === Number(value)))),
      choice("Layer", order.map(other => [other.id, other.name]), layer.id, value => go(layerById.get(value))),
      h("span", { class: "pager" }, step(-1, "← Previous"), step(1, "Next →"))),
    h("div", { class: "grid" },
      h("div", { class: "third" }, card(h("h2", null, expertMark(layer.expert), ` ${layer.name}`), layerFacts(layer, twin))),
      h("div", { class: "two-thirds" }, card(layer.bins ? binErrors(layer) : empty(layer.kept ? "This layer is kept at bf16, bit for bit: it has no error." : layer.error != null ? "Of this layer only the error over all bins is known." : "The errors of this layer are not in the store any more."))),
      halves([...evaluatedLayers.has(layer.id) ? [card(spectrumFigure(layer, evaluatedLayers.get(layer.id)))] : [], ...layer.clips?.some(Boolean) ? candidateFigures(layer).map(item => card(item)) : [], ...smoothingFigures(layer.expert, site), ...magnitudeFigures(layer.block, layer.site)])),
  ];
}

function layerFacts(layer, twin) {
  const recipe = layer.recipe;
  const seen = evaluatedLayers.get(layer.id);
  const facts = [
    ["Weight", `${layer.out} × ${layer.in}, ${bytes(layer.size)}${layer.kept ? "" : ` (${(8 * layer.size / layer.in / layer.out).toFixed(2)} bits per weight)`}`],
    ["Precision", recipe.precision],
    ["Decided by", layer.why ?? "the manifest's defaults"],
    layer.error == null ? null : ["Output error", `${percent(layer.error)} (RTN ${percent(layer.relative[RTN])})`],
    seen ? ["Held out", `${percent(seen.heldOut)}${layer.error > 0 ? `, ${(seen.heldOut / layer.error).toFixed(2)} times that of calibration tokens` : ""}`] : null,
    layer.error == null ? null : ["Cosine error", number(layer.cosine[RECIPE])],
    twin?.error == null ? null : [`In ${expertTitle(twin.expert)}`, layerLink(twin, percent(twin.error))],
    layer.kept ? null : ["Low rank", recipe.rank > 0 ? `rank ${recipe.rank}, ${recipe.lowRank}` : "none"],
    layer.kept ? null : ["Smoothing", smoothingOf(recipe, layer)],
    layer.kept ? null : ["Rounding", roundingOf(recipe)],
    recipe.precision === "w4a4" ? ["Rotation", rotationOf(recipe, layer.rotation)] : null,
    layer.gptq?.refit ? ["Refit", layer.gptq.fellBack ? "fell back to rounding" : refitOf(layer.gptq.refit)] : null,
    layer.gptq && recipe.weights === "gptq" ? ["GPTQ", layer.gptq.fellBack ? `fell back to rounding after ${plural(layer.gptq.tries, "try", "tries")}`
      : `damping ${number(layer.gptq.damping)}${layer.gptq.tries > 1 ? `, which is damp ${number(Math.max(recipe.damp, 1e-7) * 10 ** (layer.gptq.tries - 1))}` : ""}, ${plural(layer.gptq.tries, "try", "tries")}, ${plural(layer.gptq.deadColumns, "dead column")}`] : null,
    recipe.granularity ? ["Activations", `clip per ${recipe.granularity}, ties ${recipe.ties}`] : null,
    layer.kept ? null : ["Time", seconds(layer.seconds)],
  ];
  return h("dl", { class: "facts" }, facts.filter(Boolean).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

/** Singular values of the smoothed weight, and what the branch holds of their energy. */
function spectrumFigure(layer, { held, spectrum }) {
  const rank = layer.recipe.rank, known = rank <= spectrum.singular.length;
  const possible = known && spectrum.energy > 0 ? sum(spectrum.singular.slice(0, rank).map(value => value * value)) / spectrum.energy : null;
  return lines({
    title: "Singular values of the smoothed weight", label: `Of ${layer.id}, the largest ${spectrum.singular.length}.`,
    positions: spectrum.singular.map((_, i) => String(i + 1)), xName: "singular value, largest first", yName: "singular value", format: number,
    titleOf: place => `singular value ${place}`, series: [{ name: "singular value", color: colors => colors.bins[0], values: spectrum.singular }],
    note: rank === 0 ? "The layer has no low-rank branch." : `The branch of rank ${rank} holds ${percent(held)} of the weight's energy${possible == null ? "" : `, ${percent(possible)} being the most that a branch of its rank could`}. A refit's branch serves the output, not the weight.`,
  });
}

function binErrors(layer) {
  const bins = data.experts[layer.expert].bins;
  return bars({
    title: "Output error by bin and method", label: `Of ${layer.id}.`, height: 300,
    categories: bins.map((bin, i) => `${bin.name} (t ${bin.max}–${bin.min}, ${layer.bins[i].tokens} tokens${bin.activations === "none" && layer.clips ? ", input not rounded" : ""})`), format: percent, yName: "output error",
    series: methodNames.map((name, method) => ({ name, color: colors => colors.methods[method], values: layer.bins.map(bin => bin.relative[method]) })),
  });
}

/** Error over all candidates: one line per bin, one figure per exponent offset. */
function candidateFigures(layer) {
  const bins = data.experts[layer.expert].bins;
  const offsets = [...new Set(layer.clips.flatMap(clip => clip?.offsets ?? [0]))].sort((a, b) => a - b);
  const ratios = [...new Set(layer.clips.flatMap(clip => clip?.ratios ?? []))].sort((a, b) => a - b);
  const relative = layer.clips.every(clip => !clip?.unit);
  return offsets.map(offset => lines({
    title: `Error over all clip candidates${offsets.length > 1 ? `, exponent offset ${offset}` : ""}`, label: `Of ${layer.id}, a line per bin.`,
    positions: ratios.map(String), xName: "clip ratio", yName: relative ? "output error" : "error over the best candidate's", format: relative ? percent : number,
    titleOf: ratio => `clip ratio ${ratio}`,
    series: bins.map((bin, i) => ({ name: bin.activations === "none" ? `${bin.name}: not rounded` : `${bin.name}: chose ${layer.clips[i]?.ratio ?? "–"}`, color: colors => colors.bins[i % 5],
      values: ratios.map(ratio => layer.clips[i]?.errors[layer.clips[i].ratios.findIndex((other, c) => other === ratio && (layer.clips[i].offsets?.[c] ?? 0) === offset)] ?? null) })),
  }));
}
