using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Planning;

/// <summary>What resolving a manifest gave.</summary>
/// <param name="Plan">The plan, or null when there is any error.</param>
/// <param name="Diagnostics">All errors and warnings.</param>
internal sealed record PlanResult(Plan? Plan, ImmutableArray<Diagnostic> Diagnostics);
