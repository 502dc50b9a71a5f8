using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Provenance;

namespace QuantBuild.Tests.Stages;

public sealed class BuiltProvenanceTests : IDisposable
{
    private readonly TinyProject _project = new() { Samples = 1, Weights = """ "method": "rtn" """ };

    public void Dispose() => _project.Dispose();

    private string Out(string name) => Path.Combine(_project.Output, name);

    [Fact]
    public void Every_build_states_what_it_was_made_of_and_a_second_one_changes_nothing()
    {
        TinyProject.Outcome first = _project.Build();
        byte[] statement = File.ReadAllBytes(Out(ProvenanceStatement.FileName)), run = File.ReadAllBytes(Out(RunRecord.FileName));
        _project.Build();

        Assert.Equal(statement, File.ReadAllBytes(Out(ProvenanceStatement.FileName)));
        Assert.Equal(run, File.ReadAllBytes(Out(RunRecord.FileName)));
        ProvenanceResult result = ProvenanceCheck.Run(_project.Output);
        Assert.Empty(result.Problems);
        Assert.Null(result.Signer);
        Assert.Equal(["calibration/0", "checkpoint/high_noise", "checkpoint/low_noise"], result.Build!.Dependencies.Keys);
        Assert.Equal(first.Result.Layers.ToHashSet(),
            ArtifactQuality.Parse(File.ReadAllBytes(Out(ArtifactQuality.FileName)))!.Value.ToHashSet());
        Assert.All([ProvenanceStatement.FileName, RunRecord.FileName, ArtifactQuality.FileName], name =>
            Assert.Contains(Out(name), first.Result.Outputs));
    }

    [Fact]
    public void The_inputs_that_are_here_are_compared_with_those_that_are_stated()
    {
        _project.CopyCheckpoint();
        _project.Build();
        StatedBuild build = ProvenanceCheck.Run(_project.Output).Build!;
        Assert.All(ProvenanceInputs.Compare(build, _project.Options(), TestContext.Current.CancellationToken), input =>
            Assert.Null(input.Problem));

        _project.Samples = 2;
        Directory.Delete(Path.Combine(_project.Checkpoint, "low_noise_model"), recursive: true);
        Dictionary<string, string?> compared = ProvenanceInputs.Compare(build, _project.Options(), TestContext.Current.CancellationToken)
            .ToDictionary(input => input.Name, input => input.Problem?.Descriptor.Code);

        Assert.Equal("QB5045", compared["manifest"]);
        Assert.Null(compared["lock"]);
        Assert.Equal("QB2002", compared["checkpoint/low_noise"]);
    }

    [Fact]
    public void A_rebuild_removes_the_signature_of_what_is_gone()
    {
        _project.Build();
        File.WriteAllText(Out(Envelope.FileName), "signed");
        _project.Build();
        Assert.True(File.Exists(Out(Envelope.FileName)));

        _project.ClipRatios = "0.8, 1.0";
        _project.Build();

        Assert.False(File.Exists(Out(Envelope.FileName)));
        Assert.Empty(ProvenanceCheck.Run(_project.Output).Problems);
    }
}
