// A comparison with another build, when the page was given one: { before, after, layers: [{ expert, name, why, before, after, bytes }], bytes: [before, after] }.

function diffView() {
  const largest = Math.max(...diff.layers.map(row => Math.abs((row.after ?? 0) - (row.before ?? 0))), 0);
  const change = row => row.before == null || row.after == null ? null : row.after - row.before;
  const id = row => `${row.expert}/${row.name}`;
  const table = sortableTable({ label: "Differences", rows: diff.layers, sort: [5, false], columns: [
    { title: "Layer", value: row => row.name, show: row => layerById.has(id(row)) ? layerLink(layerById.get(id(row))) : row.name },
    { title: "Expert", value: row => row.expert, show: row => row.expert.replaceAll("_", " ") },
    { title: "Why", value: row => row.why ?? "", show: row => row.why ?? "–", wrap: true },
    { title: "Error before", numeric: true, down: true, value: row => row.before, show: row => percent(row.before) },
    { title: "after", numeric: true, down: true, value: row => row.after, show: row => percent(row.after) },
    { title: "Change", down: true, hint: "Sorted by how large it is, for better or worse", value: row => change(row) == null ? null : Math.abs(change(row)), show: row => change(row) == null ? "–" : meter(Math.abs(change(row)), largest, delta(change(row)), change(row) > 0 ? "bad-text" : "good-text") },
    { title: "Size before", numeric: true, down: true, value: row => row.bytes?.[0], show: row => bytes(row.bytes?.[0]) },
    { title: "after", numeric: true, down: true, value: row => row.bytes?.[1], show: row => bytes(row.bytes?.[1]) },
  ] });
  return [card(h("h2", null, `${diff.before} → ${diff.after}`),
    note(`${plural(diff.layers.length, "layer")} differ. `, diff.bytes ? `Size: ${bytes(diff.bytes[0])} → ${bytes(diff.bytes[1])}.` : ""),
    h("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Differences" }, table.element))];
}
