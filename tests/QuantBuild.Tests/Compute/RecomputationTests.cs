using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Work;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Compute;

/// <summary>
/// <c>verify --recompute</c>: bytes where an arithmetic is bit exact, elsewhere errors of layers within what their stages allow.
/// </summary>
public sealed class RecomputationTests : IDisposable
{
    private readonly TinyProject _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Errors_within_the_tolerance_are_accepted_where_bytes_may_differ()
    {
        var told = new Warnings();

        RecomputeReport report = Recompute(new RestlessBackend(bitExact: false), factor: 1.05, told);

        Assert.Empty(report.Different);
        // Ten layers in each expert are rounded and measured with other errors. Recordings, the vectors of seven sites in each,
        // searches and files have the same bytes.
        Assert.Equal((40, 2 + 14 + 40 + 2), (report.WithinTolerance, report.SameBytes));
        Assert.InRange(report.LargestDistance, 0.047, 0.048);
        Assert.False(report.IsBitExact);
        Assert.Equal([KeyValuePair.Create("LowRank", 20)], report.NotComparable);
        Assert.Equal(report.Total, report.Checked);
        Diagnostic warning = Assert.Single(told.Reported);
        Assert.Equal(("QB3223", Severity.Warning), (warning.Descriptor.Code, warning.Descriptor.Severity));
        Assert.Contains("LowRank (20)", warning.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_beyond_the_tolerance_are_told_with_their_distance()
    {
        RecomputeReport report = Recompute(new RestlessBackend(bitExact: false), factor: 2, new Warnings());

        Assert.Equal(40, report.Different.Count);
        Assert.Equal(0, report.WithinTolerance);
        Assert.Contains("Measure high_noise blocks.0.ffn.0 (summed errors differ by 50 %)", report.Different);
    }

    [Fact]
    public void Bytes_of_a_bit_exact_arithmetic_are_compared_whatever_the_errors_say()
    {
        var told = new Warnings();

        RecomputeReport report = Recompute(new RestlessBackend(bitExact: true), factor: 1.0000001, told);

        Assert.Equal(40, report.Different.Count);
        Assert.Contains("Measure high_noise blocks.0.ffn.0", report.Different);
        Assert.Equal(2 + 14 + 20 + 40 + 2, report.SameBytes);
        Assert.True(report.IsBitExact);
        Assert.Empty(report.NotComparable);
        Assert.Empty(told.Reported);
    }

    [Fact]
    public void A_lock_is_not_audited_with_an_arithmetic_that_may_give_other_bytes()
    {
        using var session = CompileSession.Open(_project.Options(), SilentObserver.Instance, execute: false, _project.Cancellation);
        Plan Of(RestlessBackend backend) => session.Plan with { Backends = new Backends(CpuBackend.Instance, backend) };

        LockAudit.RequireComparable(session.Plan);
        LockAudit.RequireComparable(Of(new RestlessBackend(bitExact: true)));
        Diagnostic problem = Assert.Single(
            Assert.Throws<DiagnosticException>(() => LockAudit.RequireComparable(Of(new RestlessBackend(bitExact: false)))).Diagnostics);

        Assert.Equal("QB3222", problem.Descriptor.Code);
        Assert.Equal(Path.ChangeExtension(_project.Manifest, ".lock.json"), problem.Span!.Value.File);
        Assert.Contains("restless-1", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_weight_that_was_rounded_to_nearest_has_no_errors_to_compare()
    {
        _project.Weights = """ "method": "rtn" """;

        RecomputeReport report = Recompute(new RestlessBackend(bitExact: false), factor: 1.05, new Warnings());

        // The same bytes need no errors.
        Assert.Equal(20, report.WithinTolerance);
        Assert.Equal([KeyValuePair.Create("LowRank", 20)], report.NotComparable);
    }

    [Theory]
    [InlineData(new double[0], new double[0], null)]
    [InlineData(new[] { 0.0, 5 }, new[] { 0.0, 5 }, 0.0)]
    [InlineData(new[] { 4.0, 5 }, new[] { 3.0, 5 }, 0.25)]
    [InlineData(new[] { 3.0, 5 }, new[] { 4.0, 5 }, 0.25)]
    [InlineData(new[] { 0.0 }, new[] { 1e-30 }, 1.0)]
    [InlineData(new[] { 1.0 }, new[] { 1.0, 1 }, double.PositiveInfinity)]
    [InlineData(new[] { double.NaN }, new[] { 1.0 }, double.PositiveInfinity)]
    [InlineData(new[] { double.NaN }, new[] { double.NaN }, 0.0)]
    public void A_distance_is_a_part_of_the_larger_figure(double[] first, double[] second, double? expected)
    {
        double[][] results = [first, second];
        var tolerance = new Tolerance("figures", 0.1, (_, outputs) => results[outputs.Count]);

        Assert.Equal(expected, tolerance.Distance(null!, Blobs(0), Blobs(1)));

        static Dictionary<string, QuantBuild.Compiler.Store.BlobRef> Blobs(int count) =>
            Enumerable.Range(0, count).ToDictionary(i => $"{i}", _ => default(QuantBuild.Compiler.Store.BlobRef));
    }

    private RecomputeReport Recompute(RestlessBackend backend, double factor, Warnings told)
    {
        using var session = CompileSession.Open(_project.Options(), SilentObserver.Instance, execute: true, _project.Cancellation);
        BuildContext context = session.Context with { Plan = session.Plan with { Backends = new Backends(CpuBackend.Instance, backend) } };
        ModelBuild.Run(context, session.Sources, SilentObserver.Instance);
        backend.Factor = factor;
        return Recomputation.OfStore(context, session.Sources, 1, 7, told);
    }

    private sealed class Warnings : IBuildObserver
    {
        public List<Diagnostic> Reported { get; } = [];

        public void ActionStarted(ActionSpec action)
        {
        }

        public void ActionFinished(ActionEvent action)
        {
        }

        public void PhaseStarted(string name, int actions)
        {
        }

        public void Waiting(ActionSpec action)
        {
        }

        public void Report(Diagnostic diagnostic) => Reported.Add(diagnostic);
    }
}
