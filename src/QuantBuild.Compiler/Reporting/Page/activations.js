// Activations of every site: where the outliers are, and the paper's Fig. 1 for a chosen site.

const siteMetrics = {
  recorded: { name: "outliers as recorded", of: site => outlierRatio(site.sorted), format: times },
  smoothed: { name: "outliers after smoothing", of: site => outlierRatio(site.smoothing[0]?.sorted), format: times },
  motion: { name: "change over the steps", of: site => Math.min(...site.max) > 0 ? Math.max(...site.max) / Math.min(...site.max) : null, format: times },
  largest: { name: "largest magnitude", of: site => Math.max(...site.max), format: number },
};
const siteState = { metric: "recorded", block: null, site: null };

function activationsView() {
  const known = data.experts.flatMap(expert => expert.sites.filter(Boolean));
  if (known.length === 0) return [card(empty("The recordings of this build are not in the store any more. Build again to make them."))];
  if (siteState.block == null) {
    const strongest = known.reduce((a, b) => (outlierRatio(b.sorted) ?? 0) > (outlierRatio(a.sorted) ?? 0) ? b : a);
    Object.assign(siteState, { block: strongest.block, site: strongest.site });
  }
  const maps = h("div", { class: "grid" });
  const detail = h("div", { class: "grid" });
  const picker = h("div", { class: "toolbar" });
  const pick = (block, site) => {
    Object.assign(siteState, { block, site });
    showDetail();
  };
  const showDetail = () => {
    const blocks = Math.max(...data.experts.map(expert => expert.blocks));
    picker.replaceChildren(
      choice("Site", data.sites.map((name, index) => [index, name]), siteState.site, value => pick(siteState.block, Number(value))),
      choice("Block", Array.from({ length: blocks }, (_, block) => [block, String(block)]), siteState.block, value => pick(Number(value), siteState.site)));
    clear(detail).append(...halves([...magnitudeFigures(siteState.block, siteState.site),
      ...shownExperts().flatMap(expert => smoothingFigures(expert, data.experts[expert].sites.find(site => site && site.block === siteState.block && site.site === siteState.site)))]));
  };
  const showMaps = () => {
    const metric = siteMetrics[siteState.metric];
    const all = known.map(metric.of).filter(value => value != null && value > 0);
    const range = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [1, 1];
    clear(maps).append(...shownExperts().map(expert => h("div", { class: "half" }, card(siteMap(expert, metric, range, pick)))));
  };
  showMaps();
  showDetail();
  return [
    h("div", { class: "toolbar" }, segments("Show", Object.entries(siteMetrics).map(([key, metric]) => [key, metric.name]), siteState.metric, key => { siteState.metric = key; showMaps(); })),
    maps, note("Outliers: a site's largest channel over its median one. Change over the steps: the largest step maximum over the smallest. A click shows the site below."),
    picker, detail,
  ];
}

function siteMap(expert, metric, range, pick) {
  const sites = new Map(data.experts[expert].sites.filter(Boolean).map(site => [site.block * 100 + site.site, site]));
  const value = (block, site) => sites.has(block * 100 + site) ? metric.of(sites.get(block * 100 + site)) : null;
  return heatmap({
    title: `${expertTitle(expert)} expert: ${metric.name}`, label: "By block and site.", columns: Array.from({ length: data.experts[expert].blocks }, (_, block) => String(block)), rows: data.sites,
    value, text: (block, site) => [`blocks.${block}.${data.sites[site]}`, [[metric.name, metric.format(value(block, site))]]],
    format: metric.format, range, log: true, xName: "block", height: 310, open: pick,
  });
}
