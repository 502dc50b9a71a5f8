namespace QuantBuild.Compiler.Evaluation;

/// <summary>What an evaluation is asked for.</summary>
/// <param name="Data">The evaluation set's jsonl file.</param>
/// <param name="Samples">Samples to use, from the start; null for all.</param>
/// <param name="HeldOutTokens">Tokens per step and sample on which layers are measured as well; null for calibration tokens alone.</param>
/// <param name="Repeats">How often every sample runs, each time with slightly other noise.</param>
/// <param name="Clips">Given every decoded video; may be null.</param>
internal sealed record EvaluationOptions(string Data, int? Samples = null, int? HeldOutTokens = null, int Repeats = 1,
    Action<EvaluatedClip>? Clips = null);
