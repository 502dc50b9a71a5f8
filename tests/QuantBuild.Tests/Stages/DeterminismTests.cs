using System.Globalization;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Tests.Stages;

public sealed class DeterminismTests
{
    [Fact]
    public void Artifacts_and_lock_are_the_same_for_any_thread_count_memory_limit_folder_and_store()
    {
        using var one = new TinyProject { Threads = 1 };
        one.Build();
        foreach ((int threads, string memory) in new[] { (2, "4GiB"), (2, "0.0001%"), (3, "0.5%") })
        {
            using var other = new TinyProject("Другая папка ü") { Threads = threads, Memory = MemoryLimit.Parse(memory) };

            other.Build();

            Assert.Equal(one.ArtifactDigests(), other.ArtifactDigests());
            Assert.Equal(File.ReadAllBytes(Path.ChangeExtension(one.Manifest, ".lock.json")),
                File.ReadAllBytes(Path.ChangeExtension(other.Manifest, ".lock.json")));
        }
    }

    [Fact]
    public void What_exceeds_a_share_of_memory_runs_alone_and_is_a_warning()
    {
        using var project = new TinyProject { Samples = 1, Memory = MemoryLimit.Parse("0.0001%") };
        var observer = new Warnings();

        project.Build(observer);
        project.Build(observer);

        // Once, by the build that did the work; the second one takes everything from the store.
        Assert.Single(observer.Reported, warning => warning.Descriptor.Code == "QB3208");
    }

    [Fact]
    public void What_exceeds_a_limit_that_is_a_size_is_an_error_before_calibration_and_names_the_limit_that_suffices()
    {
        using var project = new TinyProject { Samples = 1, Memory = MemoryLimit.Parse("171MiB") };

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => project.Build());

        Diagnostic problem = Assert.Single(failure.Diagnostics);
        Assert.Equal("QB3211", problem.Descriptor.Code);
        Match least = Regex.Match(problem.Message, @"it must be (\d+MiB) or more$");
        project.Memory = MemoryLimit.Parse(least.Groups[1].Value);
        Assert.Contains(project.Build().Ran, action => action.Stage == "Measure");
        // What is in the store needs no memory.
        project.Memory = MemoryLimit.Parse("171MiB");
        Assert.Empty(project.Build().Ran);
    }

    [Fact]
    public void Artifacts_and_lock_do_not_depend_on_the_culture()
    {
        using var plain = new TinyProject { Samples = 1 };
        using var foreign = new TinyProject { Samples = 1 };
        plain.Build();
        CultureInfo before = CultureInfo.CurrentCulture;
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = ".";
        culture.NumberFormat.NegativeSign = "\u2212";
        CultureInfo.CurrentCulture = culture;
        try
        {
            foreign.Build();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        Assert.Equal(plain.ArtifactDigests(), foreign.ArtifactDigests());
        Assert.Equal(File.ReadAllBytes(Path.ChangeExtension(plain.Manifest, ".lock.json")),
            File.ReadAllBytes(Path.ChangeExtension(foreign.Manifest, ".lock.json")));
    }

    [Fact]
    public void Two_builds_at_once_on_one_store_share_the_work_and_agree()
    {
        using var one = new TinyProject();
        using var two = new TinyProject { Store = one.Store };
        TinyProject.Outcome? first = null;
        TinyProject.Outcome? second = null;

        Parallel.Invoke(() => first = one.Build(), () => second = two.Build());

        Assert.Equal(one.ArtifactDigests(), two.ArtifactDigests());
        Assert.Empty(first!.RanNames.Intersect(second!.RanNames));
        Assert.Equal(first.Result.Actions.Count, first.Ran.Count + second.Ran.Count);
    }

    [Fact]
    public void A_cancelled_build_keeps_what_was_finished_and_the_next_one_goes_on()
    {
        using var reference = new TinyProject();
        reference.Build();
        using var cancellation = new CancellationTokenSource();
        using var project = new TinyProject { Cancellation = cancellation.Token };

        Assert.ThrowsAny<OperationCanceledException>(() => project.Build(new CancelAfter(cancellation, 30)));
        Assert.False(Directory.Exists(project.Output));
        project.Cancellation = TestContext.Current.CancellationToken;
        TinyProject.Outcome resumed = project.Build();

        Assert.InRange(resumed.Ran.Count, 1, resumed.Result.Actions.Count - 25);
        Assert.Equal(reference.ArtifactDigests(), project.ArtifactDigests());
    }
}
