// Heat maps: a colour per cell, its value on hovering, and on the keyboard with the arrow keys.

/**
 * spec: title, columns and rows (labels), value(column, row) → number or null, kept(column, row) → whether an empty cell is a kept layer,
 * text(column, row) → [title, rows of the tooltip], format, range [lowest, highest], log, xName, open(column, row).
 */
function heatmap(spec) {
  const { columns, rows, value } = spec;
  const drawn = spec.log ? number => number > 0 ? Math.log10(number) : null : number => number;
  const cells = [], kept = [];
  rows.forEach((_, row) => columns.forEach((_, column) => {
    const here = value(column, row);
    if (here != null) cells.push([column, row, drawn(here)]);
    else if (spec.kept?.(column, row)) kept.push([column, row, 1]);
  }));
  const index = new Map(cells.map(([column, row], i) => [row * columns.length + column, i]));
  const range = spec.range ?? [Math.min(...cells.map(cell => value(cell[0], cell[1]))), Math.max(...cells.map(cell => value(cell[0], cell[1])))];
  const label = (column, row) => spec.text(column, row);
  return figure({
    ...spec,
    label: `${spec.label ?? ""} ${rows.length} rows, ${columns.length} columns; the arrow keys move from cell to cell.`,
    click: spec.open ? event => spec.open(event.value[0], event.value[1]) : undefined,
    cells: { columns: columns.length, rows: rows.length, at: (column, row) => index.get(row * columns.length + column), label, open: spec.open },
    option: colors => ({
      grid: { left: spec.left ?? 96, right: 12, top: 6, bottom: 92 },
      tooltip: tooltip(colors, { formatter: item => tip(...label(item.value[0], item.value[1])) }),
      xAxis: axis(colors, { type: "category", data: columns, name: spec.xName, nameGap: 28, axisLabel: { interval: columns.length > 12 ? "auto" : 0 }, splitLine: { show: false }, splitArea: { show: false } }),
      yAxis: axis(colors, { type: "category", data: rows, inverse: true, name: spec.yName, nameGap: (spec.left ?? 96) - 20, axisLabel: { interval: Math.ceil(rows.length / 20) - 1 }, splitLine: { show: false } }),
      visualMap: {
        type: "continuous", calculable: true, orient: "horizontal", left: "center", bottom: 0, itemWidth: 12, itemHeight: 160, seriesIndex: 0, precision: 6,
        min: drawn(range[0]) ?? 0, max: drawn(range[1]) ?? 1, inRange: { color: colors.sequence }, textStyle: { color: colors.text },
        formatter: here => spec.format(spec.log ? 10 ** here : here), handleStyle: { color: colors.link },
      },
      series: [
        { type: "heatmap", data: cells, itemStyle: { borderColor: colors.card, borderWidth: columns.length * rows.length > 1200 ? 0 : 1 },
          emphasis: { itemStyle: { borderColor: colors.text, borderWidth: 2 } }, },
        { type: "heatmap", data: kept, itemStyle: { color: colors.kept, borderColor: colors.card, borderWidth: 1 }, visualMap: false },
      ],
    }),
    table: spec.table ?? (() => ({ head: ["", ...columns], rows: rows.map((name, row) => [name, ...columns.map((_, column) => {
      const here = value(column, row);
      return here == null ? (spec.kept?.(column, row) ? "bf16" : null) : spec.format(here);
    })]) })),
  });
}

/** Arrow keys move a mark from cell to cell and read its value out; Enter opens what the cell stands for. */
function addCellKeys(item) {
  const { box, spec: { cells } } = item;
  box.tabIndex = 0;
  let column = 0, row = 0;
  const show = () => {
    const dataIndex = cells.at(column, row);
    if (dataIndex != null) {
      item.chart.dispatchAction({ type: "downplay", seriesIndex: 0 });
      item.chart.dispatchAction({ type: "highlight", seriesIndex: 0, dataIndex });
      item.chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex });
    }
    const [title, rows] = cells.label(column, row);
    announce(`${title}: ${rows.map(([name, value]) => `${name} ${value}`).join(", ")}`);
  };
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  box.addEventListener("keydown", event => {
    if (moves[event.key]) {
      column = Math.max(0, Math.min(cells.columns - 1, column + moves[event.key][0]));
      row = Math.max(0, Math.min(cells.rows - 1, row + moves[event.key][1]));
      show();
    } else if (event.key === "Enter" && cells.open) cells.open(column, row);
    else if (event.key === "Escape") item.chart.dispatchAction({ type: "hideTip" });
    else return;
    event.preventDefault();
  });
  box.addEventListener("blur", () => item.chart?.dispatchAction({ type: "hideTip" }));
}
