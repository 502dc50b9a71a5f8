// The first screen: is it good, what hurts, what changed.

function overviewView() {
  const shown = measured.filter(shows);
  return [
    ...missingBanner(),
    card(verdict(shown), h("ul", { class: "checks" }, checks().map(([state, text]) =>
      h("li", { class: state }, h("span", { class: "mark", "aria-hidden": "true" }, { good: "✓", warn: "!", bad: "✕", none: "–" }[state]), h("span", null, h("span", { class: "visually-hidden" }, `${{ good: "Good", warn: "Warning", bad: "Bad", none: "Note" }[state]}: `), text))))),
    h("div", { class: "tiles" }, tiles(shown)),
    h("div", { class: "grid" },
      h("div", { class: "half" }, card(worstLayers(shown))),
      h("div", { class: "half" }, card(ladderFigure(shown))),
      h("div", { class: "half" }, card(moduleFigure(shown))),
      h("div", { class: "half" }, card(changesPanel()))),
  ];
}

function verdict(shown) {
  const error = mean(shown.map(layer => layer.error));
  if (error == null)
    return h("p", { class: "verdict" }, quantized.length === 0 ? "No layer of this model is quantized." : "The errors of this build are not in the store any more.");
  const rtn = mean(shown.map(layer => layer.relative[RTN]));
  return h("p", { class: "verdict" }, "On average a quantized layer's output is ", h("b", null, percent(error)), " off full precision; plain rounding to 4 bits would be ",
    h("b", null, percent(rtn)), " off, ", h("b", null, times(rtn / error)), " as much.");
}

function checks() {
  const violations = gateViolations();
  const gated = data.gates.count > 0 || data.gates.maxRelativeError != null || data.gates.maxErrorVsRtn != null;
  const worse = measured.filter(layer => layer.relative[RECIPE] > layer.relative[RTN]);
  const fell = quantized.filter(layer => layer.gptq?.fellBack);
  const damped = quantized.filter(layer => layer.gptq && !layer.gptq.fellBack && layer.gptq.tries > 1);
  const links = items => [": ", items.slice(0, 3).map((layer, i) => [i > 0 ? ", " : "", layerLink(layer, layer.id)]), items.length > 3 ? " …" : ""];
  return [
    gated ? violations.length > 0 ? ["bad", [`${plural(violations.length, "layer")} beyond a gate of the manifest`, links(violations)]] : ["good", "Every layer is within the manifest's gates"]
      : ["none", "No gates are set in the manifest"],
    worse.length > 0 ? ["bad", [`${plural(worse.length, "layer is", "layers are")} worse than plain rounding`, links(worse)]]
      : measured.length > 0 ? ["good", `Every ${measured.length < quantized.length ? "measured " : ""}layer is better than plain rounding`] : null,
    fell.length > 0 ? ["bad", [`${plural(fell.length, "layer")} fell back to rounding: no damping made the Hessian usable`, links(fell)]]
      : damped.length > 0 ? ["warn", [`${plural(damped.length, "layer")} needed more damping than configured`, links(damped)]]
      : quantized.some(layer => layer.gptq) ? ["good", "GPTQ needed no help in any layer"] : null,
    ...data.warnings.map(text => ["warn", text]),
  ].filter(Boolean);
}

function tiles(shown) {
  const tile = (name, value, sub, small) => h("div", { class: "tile" }, h("div", { class: "name" }, name), h("div", { class: small ? "value small" : "value" }, value), h("div", { class: "sub" }, sub));
  const worst = shown.reduce((a, b) => a && a.error >= b.error ? a : b, null);
  const ran = sum(run.stages.map(stage => stage.ran)), cached = sum(run.stages.map(stage => stage.cached));
  const changed = run.changes?.layers.length;
  const moved = changed > 0 ? meanChange(run.changes.layers) : null;
  return [
    tile("Mean output error", percent(mean(shown.map(layer => layer.error))), `${plural(shown.length, "layer")}, cosine ${(1 - (mean(shown.map(layer => layer.cosine[RECIPE])) ?? 0)).toFixed(5)}`),
    worst ? tile("Worst layer", percent(worst.error), layerLink(worst, worst.id)) : null,
    tile("Artifact", bytes(artifactBytes()), artifactBytes() == null ? "not packed" : `${percent(artifactBytes() / sourceBytes())} of ${bytes(sourceBytes())}`),
    tile("Per quantized weight", bitsPerWeight() == null ? "–" : `${bitsPerWeight().toFixed(2)} bits`, `${quantized.length} of ${plural(layers.length, "linear layer")} quantized`),
    run.pulledFrom ? tile("This artifact", "Pulled", `from ${run.pulledFrom}; nothing was computed`, true) : tile("This run", run.executed ? seconds(run.seconds) : "Made from the store", run.executed ? `${cached} of ${ran + cached} actions came from the cache` : "nothing was executed", !run.executed),
    tile("Changed since last build", changed == null ? "–" : plural(changed, "layer"), changed == null ? "no earlier build is known here" : changed === 0 ? "same keys, same bytes" : [h("a", { href: "#build/changes" }, "what and why"), moved == null ? null : [", mean error of these ", delta(moved.after - moved.before)]]),
  ];
}

function worstLayers(shown) {
  const rows = shown.toSorted((a, b) => b.error - a.error).slice(0, 8);
  return [h("h2", null, "What hurts: the layers with the largest error"), rows.length === 0 ? empty("No layer was measured.")
    : plainTable(["Layer", "Expert", "Output error", "of RTN"], rows.map(layer => [layerLink(layer), expertMark(layer.expert),
      meter(layer.error, rows[0].error, percent(layer.error), expertClass(layer.expert)), percent(layer.error / layer.relative[RTN])]), { numeric: [3], label: "Worst layers" }),
    note(h("a", { href: "#layers" }, "All layers"), ", sortable and searchable.")];
}

/** Mean error by method: the paper's Table I on layers. */
function ladderFigure(shown) {
  return bars({
    title: "Each step of the method, measured on this model", label: "Mean output error by method and expert.",
    categories: methodNames, format: percent, yName: "mean output error", height: 280,
    series: shownExperts().map(expert => ({ name: expertTitle(expert), color: colors => colors.experts[expert],
      values: methodNames.map((_, method) => mean(shown.filter(layer => layer.expert === expert).map(layer => layer.relative[method]))) })),
  });
}

function moduleFigure(shown) {
  return bars({
    title: "Which modules hurt", label: "Mean output error by module and expert.",
    categories: data.modules, format: percent, yName: "mean output error", height: 300, rotate: 38,
    series: shownExperts().map(expert => ({ name: expertTitle(expert), color: colors => colors.experts[expert],
      values: data.modules.map(module => mean(shown.filter(layer => layer.expert === expert && layer.module === module).map(layer => layer.error))) })),
  });
}

/** Changes since the build before, put together by what was changed. */
function changesPanel() {
  const heading = h("h2", null, "What changed since the build before");
  if (!run.changes) return [heading, empty("No earlier build of this manifest is known on this machine.")];
  if (run.changes.layers.length === 0) return [heading, empty("Nothing: every action has the key it had before.")];
  const groups = Map.groupBy(run.changes.layers, change => change.why);
  const rows = [...groups].map(([why, changes]) => {
    const moved = meanChange(changes);
    return [why, plural(changes.length, "layer"), percent(moved?.before), percent(moved?.after), moved == null ? "–" : delta(moved.after - moved.before)];
  });
  return [heading, plainTable(["What", "Layers", "Error before", "now", "change"], rows, { numeric: [2, 3, 4], label: "Changes by cause" }),
    note(h("a", { href: "#build/changes" }, "Every changed layer"))];
}

/** Error of a layer that changed, before and now; what is kept has none. Null when one of them is not known. */
function changeOf(change) {
  const layer = layerById.get(`${data.experts[change.expert].name}/${data.experts[change.expert].layers[change.layer].name}`);
  return { layer, before: change.before?.relative[RECIPE] ?? null, after: layer.kept ? 0 : layer.error };
}

function meanChange(changes) {
  const known = changes.map(changeOf).filter(change => change.before != null && change.after != null);
  return known.length === 0 ? null : { before: mean(known.map(change => change.before)), after: mean(known.map(change => change.after)) };
}

/** A difference of errors in percentage points. */
function delta(value) {
  if (value == null) return "–";
  const points = value * 100;
  const text = Math.abs(points) < 0.0005 ? "±0" : `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(Math.abs(points) < 0.1 ? 3 : 2)}`;
  return h("span", { class: points < -0.0005 ? "good-text" : points > 0.0005 ? "bad-text" : null }, `${text} points`);
}

function missingBanner() {
  if (run.pulledFrom)
    return [h("p", { class: "banner", role: "note" }, `Pulled from ${run.pulledFrom}. What is known of it are its settings, and the errors of its layers as they were published with it; a build of this manifest shows the rest.`)];
  return data.missing.length === 0 ? [] : [h("p", { class: "banner", role: "note" },
    `Some results are not in the store any more (pruned, or never made): ${data.missing.map(gap => `${gap.count} of ${gap.stage}`).join(", ")}. `,
    "What depends on them is left empty; a build makes them again.")];
}
