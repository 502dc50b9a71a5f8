using QuantBuild.Compiler.Ci;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Ci;

/// <summary>Untrusted text can neither break a command nor become one.</summary>
public sealed class EscapingTests : IDisposable
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly string _file = Path.GetTempFileName();

    public void Dispose()
    {
        _output.Dispose();
        File.Delete(_file);
    }

    private string? Read(string name) => name is "GITHUB_OUTPUT" or "GITHUB_STEP_SUMMARY" ? _file : null;

    private static Diagnostic Nasty =>
        Descriptors.ModelCardRefused.At(new SourceSpan("/a,b:c/%d;e]f.json", 3, 4), "100%\r\n::error::injected ##vso[task.complete]");

    [Fact]
    public void Github()
    {
        new GitHubActions(Read, _output).Annotate(Nasty);

        Assert.Equal(
            "::error file=/a%2Cb%3Ac/%25d;e]f.json,line=3,col=4,title=QB5052::the Hub does not accept the model card: 100%25 "
                + "::error::injected ##vso[task.complete]\n", _output.ToString());
    }

    [Fact]
    public void Azure()
    {
        new AzurePipelines(Read, _output).Annotate(Nasty);

        Assert.Equal("##vso[task.logissue type=error;sourcepath=/a,b:c/%AZP25d%3Be%5Df.json;linenumber=3;columnnumber=4;code=QB5052;]"
            + "the Hub does not accept the model card: 100%AZP25 ::error::injected ##vso[task.complete]\n", _output.ToString());
    }

    [Fact]
    public void An_output_of_several_lines_stays_one_value()
    {
        var github = new GitHubActions(Read, _output);
        github.SetOutput("a", "one\nb=two\nend-x");

        string[] lines = File.ReadAllLines(_file);
        string end = lines[0]["a<<".Length..];
        Assert.Equal([$"a<<{end}", "one", "b=two", "end-x", end], lines);

        new AzurePipelines(Read, _output).SetOutput("a", "one\r\n##vso[task.setvariable variable=b]two");
        Assert.Equal("##vso[task.setvariable variable=a;isOutput=true;]one%0D%0A##vso[task.setvariable variable=b]two\n",
            _output.ToString());
    }

    [Fact]
    public void A_summary_that_is_too_large_for_github_is_cut_not_lost()
    {
        new GitHubActions(Read, _output).AddSummary(new string('ä', 2 << 20));

        Assert.InRange(new FileInfo(_file).Length, 1000, 1 << 20);
        Assert.EndsWith("(The rest does not fit.)\n\n", File.ReadAllText(_file));
    }

    [Fact]
    public void Systems_are_found_by_their_variables()
    {
        Assert.IsType<GitHubActions>(CiSystems.Detect(name => name == "GITHUB_ACTIONS" ? "true" : null, _output));
        Assert.IsType<AzurePipelines>(CiSystems.Detect(name => name == "TF_BUILD" ? "True" : null, _output));
        Assert.Null(CiSystems.Detect(_ => "false", _output));
    }
}
