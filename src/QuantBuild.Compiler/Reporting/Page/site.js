// Figures of one site's activations: magnitudes along the trajectory (the paper's Fig. 1), and what smoothing does to outliers.

const siteTitle = site => `blocks.${site.block}.${data.sites[site.site]}`;

/** The same site in both experts, in the order of the trajectory; an expert whose recordings are gone is left out. */
function trajectoryOf(block, site) {
  return data.experts.map((expert, index) => ({ expert, index, site: expert.sites.find(item => item && item.block === block && item.site === site) }))
    .filter(part => part.site);
}

/** Steps of the whole trajectory, high noise first: where each value comes from; null for the gap between the experts. */
const stepsOf = parts => parts.flatMap((part, index) => [...index > 0 ? [null] : [], ...part.expert.timesteps.map((timestep, step) => ({ part, step, timestep }))]);

function magnitudeFigures(block, site) {
  const parts = trajectoryOf(block, site);
  if (parts.length === 0) return [card(empty("The recordings of this site are not in the store any more, so its activations cannot be shown. Build again to make them."))];
  const steps = stepsOf(parts);
  const values = new Map(parts.map(part => [part.index, magnitudes(part.site)]));
  const first = parts[0].site;
  const labels = steps.map(item => item ? String(item.timestep) : "");
  const value = (column, row) => steps[column] ? values.get(steps[column].part.index)[steps[column].step][row] : null;
  const title = siteTitle(first);
  const gap = parts.length > 1 ? " The gap is the change from the high-noise to the low-noise expert." : "";
  return [
    card(heatmap({
      title: `Activation magnitude per channel over the denoising steps: ${title}`,
      label: "Largest absolute activation by channel and timestep.",
      columns: labels, rows: Array.from({ length: first.groups }, (_, group) => String(Math.floor(group * first.channels / first.groups))), value,
      text: (column, row) => steps[column] ? [`${channelsOf(first, row)}, timestep ${steps[column].timestep}`, [
        ["largest |x|", number(value(column, row))], ["expert", expertTitle(steps[column].part.index)], ["step", String(steps[column].step + 1)]]] : ["between the experts", []],
      format: number, log: true, left: 64, height: 440, xName: "timestep, in the order of sampling", yName: "channel",
      note: `Maximum over all calibration samples and tokens, before smoothing${first.groups < first.channels ? `; each row is the largest of about ${plural(Math.round(first.channels / first.groups), "neighbouring channel")}` : ""}.${gap}`,
    })),
    card(lines({
      title: `How the magnitude moves along the trajectory: ${title}`,
      label: "Largest, 99th percentile and median channel by timestep.",
      positions: labels, xName: "timestep, in the order of sampling", yName: "|x|", format: number, height: 440,
      titleOf: (label, index) => steps[index] ? `timestep ${label}, ${expertTitle(steps[index].part.index)}` : "between the experts",
      series: [["largest channel", "max", 1], ["99th percentile", "p99", 0], ["median channel", "median", 2]].map(([name, key, color]) =>
        ({ name, color: colors => colors.bins[color], values: steps.map(item => item && item.part.site[key][item.step] || null) })),
      note: `Of the same maxima.${gap}`,
    })),
  ];
}

function smoothingFigures(expert, site) {
  if (!site) return [];
  const places = data.places.map(place => place === 0 ? "max" : place === 1 ? "min" : `${Number((place * 100).toPrecision(3))} %`);
  const curves = [{ name: "as recorded", color: colors => colors.methods[0], values: site.sorted, dash: true },
    ...site.smoothing.map((vector, i) => ({ name: site.smoothing.length > 1 ? `smoothed for ${vector.name}` : "smoothed", color: colors => colors.bins[i % 5], values: vector.sorted }))];
  const vector = site.smoothing[0];
  return [
    card(lines({
      title: `Channels by magnitude, before and after smoothing: ${expertTitle(expert)} ${siteTitle(site)}`,
      label: "Channel maxima sorted, largest first.",
      positions: places, xName: "share of channels that are larger", yName: "largest |x| of a channel", format: number, series: curves,
      titleOf: label => label === "max" || label === "min" ? `${label === "max" ? "largest" : "smallest"} channel` : `${label} of the channels are larger`,
      note: site.smoothing.length === 0 ? "This site is not smoothed."
        : `Largest channel over the median one: ${times(outlierRatio(site.sorted))} as recorded, ${times(outlierRatio(vector.sorted))} smoothed.`,
    }), vector ? [h("h3", null, "Strongest outlier channels"), plainTable(["Channel", "largest |x|", "smoothing scale", "smoothed"],
      vector.outliers.map(([channel, before, scale, after]) => [String(channel), number(before), number(scale), number(after)]),
      { numeric: [0, 1, 2, 3], label: "Strongest outlier channels" })] : null),
  ];
}
