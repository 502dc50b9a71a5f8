// Elements from plain calls: everything that comes from the data becomes text, never markup.

/** h("td", { class: "num" }, "text", otherElement, null): attributes, listeners as functions, children. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter(child => child != null && child !== false));
  return element;
}

/** A row of mutually exclusive choices, operated like radio buttons. */
function segments(name, choices, selected, choose) {
  const group = `choice-${name.toLowerCase().replaceAll(/\W+/g, "-")}-${segments.count = (segments.count ?? 0) + 1}`;
  return h("fieldset", { class: "segments" }, h("legend", { class: "visually-hidden" }, name), h("span", { class: "name", "aria-hidden": "true" }, name),
    choices.map(([value, label]) => h("label", null,
      h("input", { type: "radio", name: group, value, checked: value === selected, onchange: () => choose(value) }), label)));
}

/** A labelled drop-down list. */
function choice(label, choices, selected, choose) {
  return h("label", null, label, h("select", { onchange: event => choose(event.target.value) },
    choices.map(([value, text]) => h("option", { value, selected: String(value) === String(selected) }, text))));
}

/** Says something to screen readers. */
function announce(text) {
  document.getElementById("live").textContent = text;
}

const card = (...children) => h("div", { class: "card" }, ...children);
const halves = cards => cards.map(item => h("div", { class: "half" }, item));
const empty = text => h("p", { class: "empty" }, text);
const note = (...text) => h("p", { class: "note" }, ...text);
