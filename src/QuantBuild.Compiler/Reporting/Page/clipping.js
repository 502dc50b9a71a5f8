// Which clip ratios were chosen: the paper's Fig. 3, and what they are good for.

function clippingView() {
  const clipped = quantized.filter(layer => layer.clips?.some(Boolean) && shows(layer));
  if (clipped.length === 0)
    return [card(empty(quantized.some(layer => layer.clips && shows(layer)) ? "The choices of clip ratios are not in the store." : "No layer of this model has quantized activations, so nothing was clipped."))];
  return [h("div", { class: "grid" },
    h("div", null, card(ratioFigure(clipped), (data.hints ?? []).map(hint => note(`Hint: ${hint}.`)))),
    h("div", { class: "half" }, card(gainFigure(clipped))),
    h("div", { class: "half" }, card(ratioByModule(clipped))))];
}

/** Every expert and bin as [expert, bin, title]. */
const shownBins = () => shownExperts().flatMap(expert => data.experts[expert].bins.map((bin, index) => [expert, index, `${expertTitle(expert)}: ${bin.name}`]));

const settingOf = clip => clip.offset != null && clip.offset !== 0 ? `${clip.ratio} with exponent ${clip.offset > 0 ? "+" : "−"}${Math.abs(clip.offset)}` : String(clip.ratio);

function settingsOf(clipped) {
  const all = clipped.flatMap(layer => layer.clips.filter(Boolean));
  return [...new Set([...all.flatMap(clip => clip.ratios.map((ratio, i) => settingOf({ ratio, offset: clip.offsets?.[i] }))), ...all.map(settingOf)])]
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** One colour per setting, from the dark to the bright end of the sequence. */
const settingColor = (index, count) => colors => colors.sequence[Math.round(index * (colors.sequence.length - 1) / Math.max(1, count - 1))];

function ratioFigure(clipped) {
  const bins = shownBins();
  const settings = settingsOf(clipped);
  const counts = settings.map(setting => bins.map(([expert, bin]) => clipped.filter(layer => layer.expert === expert && layer.clips[bin] && settingOf(layer.clips[bin]) === setting).length));
  const totals = bins.map((_, i) => sum(counts.map(row => row[i])));
  return figure({
    title: "Chosen clip ratios by expert and bin", label: "Share of layers that chose each ratio.", height: 90 + 34 * bins.length,
    option: colors => ({
      grid: { left: 170, right: 20, top: 34, bottom: 46 },
      legend: legend(colors),
      tooltip: tooltip(colors, { formatter: item => tip(item.name, [[`ratio ${item.seriesName}`, `${plural(counts[item.seriesIndex][item.dataIndex], "layer")} (${percent(item.value)})`, item.color]]) }),
      xAxis: axis(colors, { type: "value", max: 1, name: "share of layers", nameGap: 28, axisLabel: { formatter: value => `${Math.round(value * 100)} %` } }),
      yAxis: axis(colors, { type: "category", inverse: true, data: bins.map(bin => bin[2]) }),
      series: settings.map((setting, i) => ({ type: "bar", stack: "all", name: setting, barMaxWidth: 24, itemStyle: { color: settingColor(i, settings.length)(colors), borderColor: colors.card, borderWidth: .5 },
        data: bins.map((_, bin) => totals[bin] > 0 ? counts[i][bin] / totals[bin] : 0) })),
    }),
    table: () => ({ head: ["Expert and bin", ...settings], rows: bins.map((bin, i) => [bin[2], ...settings.map((_, s) => String(counts[s][i]))]) }),
    note: `${plural(sum(totals), "choice")}: one per layer and bin. Ratio 1 clips nothing.`,
  });
}

/** Error with ratio 1 against the chosen ratios. */
function gainFigure(clipped) {
  const bins = shownBins();
  const average = method => bins.map(([expert, bin]) => mean(clipped.filter(layer => layer.expert === expert && layer.bins).map(layer => layer.bins[bin].relative[method])));
  return bars({
    title: "What the chosen ratios gain", label: "Mean output error without and with the chosen ratios.", categories: bins.map(bin => bin[2].replace(": ", "\n")), format: percent, yName: "mean output error", height: 300,
    series: [{ name: "ratio 1 (SVDQuant + GPTQ)", color: colors => colors.methods[0], values: average(UNCLIPPED) }, { name: "chosen ratios", color: colors => colors.methods[3], values: average(RECIPE) }],
  });
}

function ratioByModule(clipped) {
  const bins = shownBins();
  const value = (bin, module) => mean(clipped.filter(layer => layer.expert === bins[bin][0] && layer.module === data.modules[module] && layer.clips[bins[bin][1]]).map(layer => layer.clips[bins[bin][1]].ratio));
  const tried = clipped.flatMap(layer => layer.clips.flatMap(clip => clip?.ratios ?? []));
  const count = (bin, module) => clipped.filter(layer => layer.expert === bins[bin][0] && layer.module === data.modules[module]).length;
  return heatmap({
    title: "Mean clip ratio by module", label: "By expert and bin.", columns: bins.map(bin => bin[2].replace(": ", "\n")), rows: data.modules, value, format: number, range: [Math.min(...tried), Math.max(...tried)], height: 380, xName: "",
    text: (bin, module) => [`${data.modules[module]}, ${bins[bin][2]}`, [["mean clip ratio", number(value(bin, module))], ["layers", String(count(bin, module))]]],
  });
}
