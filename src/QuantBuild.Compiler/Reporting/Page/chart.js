// Figures: a caption, a chart that is drawn when it comes into sight, and the same numbers as a table.

const figures = new WeakMap();
const liveFigures = () => [...document.querySelectorAll("figure.chart")].map(element => figures.get(element));

const sight = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) figures.get(entry.target.parentElement).draw();
}, { rootMargin: "400px" });
const sizes = new ResizeObserver(entries => {
  for (const entry of entries) if (entry.contentRect.width > 0) figures.get(entry.target.parentElement)?.resize();
});

/**
 * A figure. spec.title; spec.label says for screen readers what it shows; spec.height in pixels; spec.option(colors) is the chart;
 * spec.table() gives { head, rows }; spec.click(event) and spec.cells (see heatmap.js) are optional.
 */
function figure(spec) {
  const box = h("div", { class: "box", style: `height: ${spec.height}px`, role: "img", "aria-label": `${spec.title}. ${spec.label ?? ""}` });
  const element = h("figure", { class: "chart" }, h("figcaption", null, h("h3", null, spec.title), spec.controls), box,
    spec.note ? note(spec.note) : null, spec.table ? dataDetails(spec.table) : null);
  figures.set(element, new Figure(spec, box));
  sight.observe(box);
  sizes.observe(box);
  return element;
}

class Figure {
  constructor(spec, box) {
    this.spec = spec;
    this.box = box;
    if (spec.cells) addCellKeys(this);
  }

  draw() {
    if (this.chart || this.box.clientWidth === 0) return;
    this.chart = echarts.init(this.box, null, { renderer: "svg" });
    if (this.spec.click) this.chart.on("click", this.spec.click);
    this.redraw();
  }

  redraw() {
    this.chart?.setOption({ ...chartDefaults(), ...this.spec.option(palette()) }, { notMerge: true });
  }

  resize() {
    if (this.chart && this.box.clientWidth > 0) this.chart.resize();
  }

  dispose() {
    sight.unobserve(this.box);
    sizes.unobserve(this.box);
    this.chart?.dispose();
  }
}

function chartDefaults() {
  const colors = palette();
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { color: colors.text, fontFamily: getComputedStyle(document.body).fontFamily },
  };
}

/** Empties an element; charts in it let go of their memory. */
function clear(element) {
  for (const chart of element.querySelectorAll("figure.chart")) figures.get(chart).dispose();
  element.replaceChildren();
  return element;
}

function redrawFigures() {
  for (const item of liveFigures()) item.redraw();
}

// Paper shows everything: draw what was never in sight, in the width and the colours of paper.
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("printing");
  const theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  prepareForPrint();
  for (const item of liveFigures()) {
    item.draw();
    item.resize();
    item.redraw();
  }
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    for (const item of liveFigures()) {
      item.resize();
      item.redraw();
    }
  }, { once: true });
});

function dataDetails(table) {
  const details = h("details", { class: "no-print" }, h("summary", null, "Show as a table"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const { head, rows } = table();
    details.append(h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "data" },
      h("thead", null, h("tr", null, head.map(text => h("th", { scope: "col" }, text)))),
      h("tbody", null, rows.map(row => h("tr", null, row.map((value, index) => h("td", index > 0 ? { class: "num" } : null, value ?? "–"))))))));
  });
  return details;
}

const axisText = colors => ({ color: colors.muted, fontSize: 12, lineHeight: 15 });
const axis = (colors, rest) => ({
  nameTextStyle: axisText(colors), nameLocation: "middle",
  axisLabel: { ...axisText(colors), ...rest.axisLabel }, axisLine: { lineStyle: { color: colors.line } }, axisTick: { lineStyle: { color: colors.line } },
  splitLine: { lineStyle: { color: colors.line, opacity: .6 } },
  ...Object.fromEntries(Object.entries(rest).filter(([key]) => key !== "axisLabel")),
});
const legend = (colors, rest) => ({ textStyle: { color: colors.text, fontSize: 12 }, top: 0, left: 0, itemWidth: 16, itemHeight: 10, ...rest });
const tooltip = (colors, rest) => ({
  confine: true, backgroundColor: colors.card, borderColor: colors.line, padding: [6, 10], textStyle: { color: colors.text, fontSize: 13 },
  extraCssText: "box-shadow: 0 2px 10px #0004", ...rest,
});

/** Content of a tooltip: a title and name/value rows. */
const tip = (title, rows) => h("div", { class: "tip" }, h("b", null, title),
  h("table", null, rows.map(([name, value, color]) => h("tr", null,
    h("td", null, color ? h("span", { class: "dot", style: `color: ${color}` }) : null, name), h("td", null, h("b", null, value))))));

/** Bars side by side for each category; series = [{ name, color(colors), values }]. */
function bars({ categories, series, format, yName, height = 260, stack, rotate, ...rest }) {
  return figure({
    height, ...rest,
    option: colors => ({
      grid: { left: 58, right: 12, top: series.length > 1 ? 34 : 14, bottom: rotate ? 78 : categories.some(name => /\n| \+ /.test(name)) ? 46 : 34 },
      legend: series.length > 1 ? legend(colors) : undefined,
      tooltip: tooltip(colors, { trigger: "axis", axisPointer: { type: "shadow" }, formatter: items =>
        tip(items[0].name, items.filter(item => item.value != null).map(item => [item.seriesName, format(item.value), item.color])) }),
      xAxis: axis(colors, { type: "category", data: categories, axisLabel: { interval: 0, rotate: rotate ?? 0, formatter: name => name.replace(" + ", "\n+ ") } }),
      yAxis: axis(colors, { type: "value", name: yName, nameGap: 46, axisLabel: { formatter: tickOf(format) } }),
      series: series.map(item => ({ type: "bar", name: item.name, data: item.values, stack, barMaxWidth: 34, itemStyle: { color: item.color(colors) } })),
    }),
    table: () => ({ head: ["", ...series.map(item => item.name)], rows: categories.map((name, i) => [name, ...series.map(item => item.values[i] == null ? null : format(item.values[i]))]) }),
  });
}

/** Lines over common positions, on a logarithmic axis when numbers span more than a decade and a half; series = [{ name, color(colors), values, dash }]. */
function lines({ positions, series, format, xName, yName, height = 260, titleOf = x => x, ...rest }) {
  const values = series.flatMap(item => item.values).filter(value => value > 0);
  const log = format === number && Math.max(...values) > 30 * Math.min(...values);
  return figure({
    height, ...rest,
    option: colors => ({
      grid: { left: 62, right: 18, top: 34, bottom: 46 },
      legend: legend(colors, { type: "plain" }),
      tooltip: tooltip(colors, { trigger: "axis", formatter: items =>
        tip(titleOf(items[0].axisValueLabel, items[0].dataIndex), items.filter(item => item.value != null).map(item => [item.seriesName, format(item.value), item.color])) }),
      xAxis: axis(colors, { type: "category", data: positions, name: xName, nameGap: 28, boundaryGap: false }),
      yAxis: axis(colors, { type: log ? "log" : "value", name: yName, nameGap: 48, axisLabel: { formatter: tickOf(format) }, scale: !log }),
      series: series.map((item, i) => ({
        type: "line", name: item.name, data: item.values, symbol: ["circle", "rect", "triangle", "diamond"][i % 4], symbolSize: positions.length > 30 ? 0 : 6,
        lineStyle: { color: item.color(colors), width: 2, type: item.dash ? "dashed" : "solid" }, itemStyle: { color: item.color(colors) },
      })),
    }),
    table: () => ({ head: [xName ?? "", ...series.map(item => item.name)], rows: positions.map((x, i) => [x, ...series.map(item => item.values[i] == null ? null : format(item.values[i]))]) }),
  });
}
