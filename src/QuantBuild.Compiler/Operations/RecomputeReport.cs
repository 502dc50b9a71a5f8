namespace QuantBuild.Compiler.Operations;

/// <summary>Result of executing cached actions again and comparing bytes.</summary>
/// <param name="Checked">Actions executed again.</param>
/// <param name="Total">Actions of the build.</param>
/// <param name="Different">Those whose bytes differ, as "stage expert name".</param>
internal sealed record RecomputeReport(int Checked, int Total, IReadOnlyList<string> Different);
