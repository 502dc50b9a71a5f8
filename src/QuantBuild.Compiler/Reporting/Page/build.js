// What was built from what: settings, files, the run, every change.

function buildView() {
  const calibration = data.calibration;
  const facts = (...rows) => h("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
  return [h("div", { class: "grid" },
    h("div", { class: "half" }, card(h("h2", null, "Model"), facts(["Manifest", data.manifest], ["Architecture", data.architecture], ["Layout", data.layout], ["Plan", h("code", null, data.plan)],
      ["Tool", `QuantBuild ${data.tool}, numeric profile ${data.profile}`],
      ["Calibration", `${plural(calibration.samples, "sample")}, ${calibration.steps} steps of ${calibration.solver}, shift ${calibration.shift}, guidance ${calibration.guidanceHigh} / ${calibration.guidanceLow}, ${calibration.tokensPerStep} tokens per step`],
      ["Boundary", `timestep ${calibration.boundary}`],
      ["Gates", data.gates.maxRelativeError == null && data.gates.maxErrorVsRtn == null ? data.gates.count > 0 ? plural(data.gates.count, "threshold") : "none"
        : [data.gates.maxRelativeError == null ? null : `output error ≤ ${percent(data.gates.maxRelativeError)}`, data.gates.maxErrorVsRtn == null ? null : `≤ ${times(data.gates.maxErrorVsRtn)} of RTN's`].filter(Boolean).join(", ")]))),
    h("div", { class: "half" }, card(h("h2", null, "This run"), facts(["Started", run.started], run.executed ? ["Took", seconds(run.seconds)] : ["Kind", "made from the store, nothing executed"], ["Threads", `${run.threads} on ${plural(run.processors, "processor")}`],
      ["System", run.system], ["Peak memory", bytes(run.peakBytes)]), note("The run record is the only part of a report that differs between two builds of the same thing."))),
    h("div", { class: "half" }, card(h("h2", null, "Bins"), plainTable(["Expert", "Bin", "Timesteps", "Calibration steps", "Activations"], data.experts.flatMap((expert, index) => expert.bins.map(bin => [expertMark(index), bin.name, `${bin.max}–${bin.min}`, String(bin.steps.length), bin.activations === "none" ? "as they are" : "by layer"])), { numeric: [3], label: "Bins" }))),
    h("div", { class: "half" }, card(h("h2", null, "Recipes"), recipeTable())),
    h("div", null, card(h("h2", null, "Files of the artifact"), fileTable())),
    h("div", { id: "build/changes", tabindex: "-1" }, card(h("h2", null, "Changes since the build before"), changeTable())))];
}

function recipeTable() {
  return plainTable(["Layers", "Precision", "Rank", "Smoothing", "Rounding", "Clip ratios"], data.recipes.map((recipe, index) => [String(layers.filter(layer => layer.recipe === data.recipes[index]).length), recipe.precision,
    recipe.rank == null ? "–" : String(recipe.rank), recipe.precision === "bf16" ? "–" : smoothingOf(recipe),
    recipe.weights == null ? "–" : roundingOf(recipe), recipe.clipRatios?.join(" · ") ?? "–"]), { numeric: [0, 2], wrap: [3, 4, 5], label: "Recipes" });
}

function fileTable() {
  const rows = data.experts.flatMap((expert, index) => (expert.files ?? []).map(([name, size, digest]) => [expertMark(index), name, bytes(size), h("code", null, digest)]));
  return rows.length === 0 ? empty("The artifact's files are not in the store any more.") : plainTable(["Expert", "File", "Size", "SHA-256"], rows, { numeric: [2], label: "Files" });
}

function changeTable() {
  if (!run.changes) return empty("No earlier build of this manifest is known on this machine.");
  if (run.changes.layers.length === 0) return empty("None: every action has the key it had before.");
  const rows = run.changes.layers.map(change => ({ ...change, ...changeOf(change) })).filter(shows);
  const table = sortableTable({ label: "Changed layers", rows, sort: [0, true], columns: [
    { title: "Layer", value: row => row.layer.name, show: row => layerLink(row.layer) },
    { title: "Expert", value: row => row.expert, show: row => expertMark(row.expert) },
    { title: "Why", value: row => row.why, show: row => row.why, wrap: true },
    { title: "Stages", value: row => row.stages.join(" "), show: row => row.stages.join(", ") || "–" },
    { title: "Error before", numeric: true, down: true, value: row => row.before, show: row => percent(row.before) },
    { title: "now", numeric: true, down: true, value: row => row.after, show: row => percent(row.after) },
    { title: "Change", numeric: true, down: true, value: row => row.before == null || row.after == null ? null : row.after - row.before, show: row => row.before == null || row.after == null ? "–" : delta(row.after - row.before) },
  ] });
  return h("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Changed layers" }, table.element);
}
