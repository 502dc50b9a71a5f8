// The paper's Table I and II for this model.

const tableOneNames = { full: "Full precision", rtn: "RTN", "svdquant+rtn": "SVDQuant + RTN", "svdquant+gptq": "SVDQuant + GPTQ", "ours-rounded": "This recipe, activations rounded in every bin", ours: "This recipe", "ours-dagger": "This recipe, self_attn.o and ffn.2 kept" };

function methodsView() {
  return [
    card(h("h2", null, "Table I: the methods, step by step"), ladderTable()),
    evaluation ? card(h("h2", null, "Table I on whole videos: final latents"), evaluationTable())
      : card(h("h2", null, "Table I on whole videos: final latents"), empty(["Not evaluated yet. ", h("code", null, `quantbuild eval ${data.manifest}`), " runs an evaluation set through every method; the next report shows it here."])),
    card(h("h2", null, "Table II: size, memory, time"), efficiencyTable()),
  ].map(item => h("div", { style: "margin-bottom: 1rem" }, item));
}

function ladderTable() {
  const shown = shownExperts();
  const of = (expert, method, key) => mean(measured.filter(layer => layer.expert === expert).map(layer => layer[key][method]).filter(value => value != null));
  const clips = method => method === RECIPE && quantized.some(layer => layer.clips) ? "✓" : "–";
  return [
    plainTable(["Method", "W", "A", "TS-Clip", "Mean error", ...shown.flatMap(expert => [`${expertTitle(expert)}: error`, "cosine error"])],
      methodNames.map((name, method) => [name, "4-bit", quantized.some(layer => layer.recipe.precision === "w4a4") ? "4-bit" : "16-bit", clips(method),
        percent(mean(measured.filter(shows).map(layer => layer.relative[method]))), ...shown.flatMap(expert => [percent(of(expert, method, "relative")), number(of(expert, method, "cosine"))])]),
      { numeric: [4, 5, 6, 7, 8], label: "Table I" }),
    note("Mean over the quantized layers of ‖Y − Ŷ‖ / ‖Y‖ on the recorded calibration activations, and of 1 − cosine. Kept layers are exact and not counted."),
  ];
}

function evaluationTable() {
  const experts = data.experts.map(expert => expert.name);
  const videos = evaluation.rows.some(row => row.psnr != null);
  const unseen = evaluation.rows.every(row => row.heldOut != null);
  return [
    evaluation.current ? null : h("p", { class: "banner", role: "note" }, "This evaluation is of an earlier state of the manifest or the tool. Run quantbuild eval again."),
    plainTable(["Method", "Layer error", ...unseen ? ["Held out", "Calibration flatters by"] : [], ...experts.map((_, index) => expertTitle(index)), "Latent error", "Latent cosine", ...videos ? ["PSNR", "SSIM"] : [], "Size", "Time per sample"],
      evaluation.rows.map(row => [tableOneNames[row.method] ?? row.method, percent(row.layerError), ...unseen ? [percent(row.heldOut), row.layerError > 0 ? percent(row.heldOut / row.layerError - 1) : "–"] : [],
        ...experts.map(name => percent(row.layerErrorByExpert[name])), row.latentSpread == null ? percent(row.latentError) : `${percent(row.latentError)} ± ${percent(row.latentSpread)}`,
        row.latentCosine.toFixed(4), ...videos ? [row.psnr == null ? "–" : `${row.psnr.toFixed(1)} dB`, row.ssim?.toFixed(4) ?? "–"] : [], bytes(row.bytes), seconds(row.secondsPerSample)]), { numeric: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], label: "Evaluation" }),
    unseen ? note("Held out: the same layers on tokens of the evaluation samples, which no build has seen. What plain rounding, which is fitted to nothing, has as well is the tokens' doing; what a method has beyond it is the fit's.") : null,
    note(`${plural(evaluation.samples, "sample")}${evaluation.repeats > 1 ? `, each ${evaluation.repeats} times with noise changed by 1e-5: mean ± standard deviation` : ""}. Layer errors count kept layers as 0. Latent error: relative distance of the final latent to full precision's. Sampling amplifies rounding like noise: judge settings by layer errors first.`),
  ];
}

function efficiencyTable() {
  const time = method => evaluation?.rows.find(row => row.method === method)?.secondsPerSample;
  const built = artifactBytes(), sampling = data.calibration.samplingBytes;
  const memory = weights => weights == null || sampling == null ? "–" : bytes(weights + sampling);
  return [
    plainTable(["Model", "Size", "of the source", "Bits per quantized weight", "Memory to sample", "Memory to build", "Work to build", "Time per evaluation sample"], [
      ["Source checkpoint", bytes(sourceBytes()), "100 %", "–", memory(sourceBytes()), "–", "–", seconds(time("full"))],
      ["This build", bytes(built), built == null ? "–" : percent(built / sourceBytes()), bitsPerWeight() == null ? "–" : bitsPerWeight().toFixed(2), memory(built),
        run.executed ? bytes(run.peakBytes) : "–", seconds(sum(run.stages.map(stage => stage.ranSeconds + stage.cachedSeconds))), seconds(time("ours"))],
    ], { numeric: [1, 2, 3, 4, 5, 6, 7], label: "Table II" }),
    note("Memory to sample: both experts and what one thread needs for the largest calibration sample, from their shapes. Memory to build: peak of the process that made this report, small when everything was cached. Work: the sum over threads of all actions, cached ones as long as they took when they ran. ",
      evaluation ? "Times per sample are of this machine's processor." : "Times per sample appear once quantbuild eval ran."),
  ];
}
