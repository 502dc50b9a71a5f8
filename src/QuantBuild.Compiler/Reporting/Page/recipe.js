// What a recipe says, and what the build chose where it leaves a choice, in a person's words.

function roundingOf(recipe) {
  return { gptq: `GPTQ, damp ${recipe.damp}`, refit: `refit, at most ${plural(recipe.rounds, "round")}` }[recipe.weights] ?? "to nearest";
}

/** Of a recipe; with a layer whose site is known, also which vector it got. */
function smoothingOf(recipe, layer) {
  if (recipe.alpha == null) return "none";
  const vectors = layer && recipe.share === "auto" ? siteOf(layer)?.smoothing ?? [] : [];
  return vectors.length === 0 ? `alpha ${recipe.alpha}, ${recipe.share === "auto" ? "a vector per site, or per layer where sharing hurts" : `one vector per ${recipe.share}`}`
    : `alpha ${recipe.alpha}, ${vectors.some(vector => vector.name === layer.name) ? "a vector of its own" : "the site's vector"}`;
}

function rotationOf(recipe, tried) {
  if (!tried) return { hadamard32: "Hadamard, blocks of 32", auto: "where it takes off error" }[recipe.rotation] ?? "none";
  return `${tried.rotated ? "Hadamard, blocks of 32" : "none"}${tried.error == null ? "" : `: ${times(tried.error)} of the error without it, when tried`}`;
}

/** What a refit did: its rounds and what they took off, and what the weights were made for. */
function refitOf({ losses, kept, ratio, exponentOffset, ridge }) {
  const rounds = losses.length - 1;
  return [rounds === 0 ? "no round" : `${kept === 0 ? "the first rounding" : `round ${kept} of ${rounds}`} kept${losses[0] > 0 ? `, loss ${percent(losses[kept] / losses[0])} of the first rounding's` : ""}`,
    ratio == null ? null : `made for clip ratio ${number(ratio)}${exponentOffset ? `, exponent ${exponentOffset > 0 ? "+" : ""}${exponentOffset}` : ""}`,
    ridge == null ? null : `ridge ${number(ridge)}`].filter(Boolean).join("; ");
}
