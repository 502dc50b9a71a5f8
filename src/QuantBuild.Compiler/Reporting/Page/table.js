// A table that sorts by any column and shows the rows that a filter lets through.

/** Rows of a long table that still make sense on paper. */
const printedRows = 60;

/**
 * columns = [{ title, hint, value(row) → what to sort by, show(row) → text or element, numeric, wrap, screenOnly, down }]. A click on a heading
 * sorts; "down" says that the first click puts the largest on top.
 */
function sortableTable({ columns, rows, sort, label, changed }) {
  const state = { column: sort[0], ascending: sort[1], filter: () => true };
  const body = h("tbody");
  const headings = columns.map((column, index) => h("th", { scope: "col", class: classOf(column) },
    h("button", { type: "button", title: column.hint, onclick: () => by(index) }, column.title)));
  const rendered = new Map();

  function by(index) {
    state.ascending = state.column === index ? !state.ascending : !columns[index].down;
    state.column = index;
    update();
    announce(`Sorted by ${columns[index].title}, ${state.ascending ? "ascending" : "descending"}`);
  }

  function compare(a, b) {
    const { value } = columns[state.column];
    const left = value(a), right = value(b);
    if (left == null || right == null) return (left == null) - (right == null); // what is unknown goes last, whichever way
    const order = typeof left === "string" ? left.localeCompare(right, "en", { numeric: true }) : left - right;
    return state.ascending ? order : -order;
  }

  function rowElement(row) {
    if (!rendered.has(row))
      rendered.set(row, h("tr", null, columns.map(column => h("td", { class: classOf(column) }, column.show(row)))));
    return rendered.get(row);
  }

  function update() {
    const shown = rows.filter(state.filter).sort(compare);
    headings.forEach((heading, index) => {
      if (index === state.column) heading.setAttribute("aria-sort", state.ascending ? "ascending" : "descending");
      else heading.removeAttribute("aria-sort");
    });
    const elements = shown.map(rowElement);
    elements.forEach((element, index) => element.classList.toggle("beyond-print", index >= printedRows));
    body.replaceChildren(...elements);
    changed?.(shown.length);
  }

  const element = h("table", { class: "data", "aria-label": label }, h("thead", null, h("tr", null, headings)), body);
  update();
  return { element, filter: accept => { state.filter = accept; update(); } };
}

const classOf = column => [column.numeric && "num", column.wrap && "wrap", column.screenOnly && "no-print"].filter(Boolean).join(" ") || null;

/** A plain table: head = [text], rows = [[cell]]; numeric columns to the right. */
function plainTable(head, rows, { numeric = [], wrap = [], label } = {}) {
  const cell = index => numeric.includes(index) ? { class: "num" } : wrap.includes(index) ? { class: "wrap" } : null;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", { class: "data" },
    h("thead", null, h("tr", null, head.map((text, index) => h("th", { scope: "col", ...cell(index) }, text)))),
    h("tbody", null, rows.map(row => h("tr", null, row.map((value, index) => h("td", cell(index), value)))))));
}

/** A number with a bar that shows its share of the largest. */
const meter = (value, largest, text, style) => [
  h("span", { class: `meter ${style ?? ""}`, "aria-hidden": "true" }, h("i", { style: `width: ${largest > 0 ? (100 * value / largest).toFixed(1) : 0}%` })), text];
