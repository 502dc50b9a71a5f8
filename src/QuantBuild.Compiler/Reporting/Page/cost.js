// Where the bytes went, where the time went, what was cached.

const byteKinds = { codes: "4-bit weights", scales: "block scales", lowRank: "low-rank branch", smooth: "smoothing", clips: "clip tables", keptLayers: "layers kept at bf16", other: "other kept tensors" };

function costView() {
  return [h("div", { class: "grid" },
    h("div", { class: "half" }, card(bytesFigure())),
    h("div", { class: "half" }, card(timeFigure())),
    h("div", { class: "half" }, card(h("h2", null, "Largest parts"), bytesTable())),
    h("div", { class: "half" }, card(h("h2", null, "What was cached"), cacheTable())),
    h("div", { class: "half" }, card(h("h2", null, "Layers that take longest"), slowestTable())),
    h("div", { class: "half" }, card(h("h2", null, "Largest layers"), largestTable())))];
}

function bytesFigure() {
  const kinds = Object.keys(byteKinds);
  const shown = shownExperts();
  const total = expert => sum(kinds.map(kind => data.experts[expert].bytes[kind]));
  const [unit, unitName] = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]].find(([size]) => Math.max(...shown.map(total)) >= size) ?? [1, "B"];
  return figure({
    title: "Where the bytes went", label: "Bytes by kind of tensor, a bar per expert.", height: 130 + 54 * shown.length,
    option: colors => ({
      grid: { left: 90, right: 24, top: 62, bottom: 46 },
      legend: legend(colors),
      tooltip: tooltip(colors, { trigger: "axis", axisPointer: { type: "shadow" }, formatter: items => tip(items[0].name, items.map(item => [item.seriesName, bytes(item.value * unit), item.color])) }),
      xAxis: axis(colors, { type: "value", name: unitName, nameGap: 26 }),
      yAxis: axis(colors, { type: "category", inverse: true, data: shown.map(expertTitle) }),
      series: kinds.map((kind, i) => ({ type: "bar", stack: "all", name: byteKinds[kind], barMaxWidth: 30, data: shown.map(expert => data.experts[expert].bytes[kind] / unit), itemStyle: { color: colors.kinds[i], borderColor: colors.card, borderWidth: .5 } })),
    }),
    table: () => ({ head: ["Expert", ...kinds.map(kind => byteKinds[kind])], rows: shown.map(expert => [expertTitle(expert), ...kinds.map(kind => bytes(data.experts[expert].bytes[kind]))]) }),
  });
}

function bytesTable() {
  const shown = shownExperts();
  const total = kind => sum(shown.map(expert => data.experts[expert].bytes[kind]));
  const all = sum(Object.keys(byteKinds).map(total));
  const rows = Object.keys(byteKinds).toSorted((a, b) => total(b) - total(a)).map(kind => [byteKinds[kind], bytes(total(kind)), meter(total(kind), all, percent(total(kind) / all))]);
  return [plainTable(["Part", "Size", "Share of all"], rows, { numeric: [1], label: "Bytes by kind" }),
    note(`Source: ${bytes(sum(shown.map(expert => data.experts[expert].sourceBytes)))}. Without the files' headers and configurations.`
    + (data.layout === "native" ? "" : ` These are the parts in the native layout; the artifact's is ${data.layout}.`))];
}

function timeFigure() {
  const stages = run.stages.filter(stage => stage.ran + stage.cached > 0);
  return bars({
    title: "Where the time went", label: "Seconds of work by stage.", categories: stages.map(stage => stage.name), format: seconds, yName: "work, all threads", height: 240, stack: "all",
    series: [{ name: "done in this run", color: colors => colors.bins[1], values: stages.map(stage => stage.ranSeconds) },
      { name: "saved by the cache", color: colors => colors.bins[0], values: stages.map(stage => stage.cachedSeconds) }],
  });
}

function cacheTable() {
  const rows = run.stages.map(stage => [stage.name, String(stage.ran), String(stage.cached), stage.missing > 0 ? String(stage.missing) : "–", seconds(stage.ranSeconds), seconds(stage.cachedSeconds)]);
  const total = key => sum(run.stages.map(stage => stage[key]));
  return [plainTable(["Stage", "Ran", "From the cache", "Missing", "Work done", "Work saved"],
    [...rows, ["All", String(total("ran")), String(total("cached")), total("missing") > 0 ? String(total("missing")) : "–", seconds(total("ranSeconds")), seconds(total("cachedSeconds"))]], { numeric: [1, 2, 3, 4, 5], label: "Cached actions" }),
    note(run.executed ? `The run took ${seconds(run.seconds)} with ${plural(run.threads, "thread")}; work is the sum over threads. Saved: what cached actions took when they ran once.`
      : "This report was made by looking at the store; nothing was executed.")];
}

function slowestTable() {
  const rows = quantized.filter(shows).filter(layer => layer.seconds > 0).toSorted((a, b) => b.seconds - a.seconds).slice(0, 8);
  return rows.length === 0 ? empty("No times are recorded.") : plainTable(["Layer", "Expert", "Time", "Gptq", "Clip", "Measure"],
    rows.map(layer => [layerLink(layer), expertMark(layer.expert), seconds(layer.seconds), ...run.layers[layer.expert][layer.index].seconds.slice(1).map(seconds)]), { numeric: [2, 3, 4, 5], label: "Slowest layers" });
}

function largestTable() {
  const rows = layers.filter(shows).toSorted((a, b) => b.size - a.size).slice(0, 8);
  return plainTable(["Layer", "Expert", "Precision", "Size", "Bits per weight"], rows.map(layer => [layerLink(layer), expertMark(layer.expert), layer.recipe.precision, bytes(layer.size), (8 * layer.size / layer.in / layer.out).toFixed(2)]),
    { numeric: [3, 4], label: "Largest layers" });
}
