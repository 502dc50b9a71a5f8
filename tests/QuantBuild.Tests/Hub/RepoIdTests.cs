using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Tests.Hub;

public sealed class RepoIdTests
{
    [Theory]
    [InlineData("Wan-AI/Wan2.2-I2V-A14B")]
    [InlineData("a/b_c.d")]
    public void Good_names_are_kept(string name) => Assert.Equal(name, RepoId.Parse(name).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("model")]
    [InlineData("a/b/c")]
    [InlineData("a/")]
    [InlineData("a/b--c")]
    [InlineData("a/..")]
    [InlineData("../b")]
    [InlineData("a/b.git")]
    [InlineData("a/-b")]
    [InlineData("a/b c")]
    [InlineData("a/b?x")]
    [InlineData("a/b%2F")]
    public void Names_that_break_a_rule_are_refused(string name)
    {
        var failure = Assert.Throws<DiagnosticException>(() => RepoId.Parse(name));

        Assert.Equal("QB5020", failure.Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void A_name_of_97_characters_is_refused_and_one_of_96_is_not()
    {
        Assert.Throws<DiagnosticException>(() => RepoId.Parse("a/" + new string('b', 97)));
        RepoId.Parse("a/" + new string('b', 96));
    }

    [Theory]
    [InlineData("hf://a/b", "a/b", "main")]
    [InlineData("hf://a/b@v1.0", "a/b", "v1.0")]
    [InlineData("a/b@refs/pr/3", "a/b", "refs/pr/3")]
    public void References_have_a_repository_and_a_revision(string text, string repository, string revision)
    {
        HubReference reference = HubReference.Parse(text);

        Assert.Equal((repository, revision), (reference.Repository.ToString(), reference.Revision));
    }

    [Theory]
    [InlineData("hf://a/b@")]
    [InlineData("hf://a/b@x y")]
    [InlineData("hf://a/b@../x")]
    [InlineData("hf://a/b@-x")]
    public void Revisions_that_git_does_not_allow_are_refused(string text) =>
        Assert.Equal("QB5020", Assert.Throws<DiagnosticException>(() => HubReference.Parse(text)).Diagnostics[0].Descriptor.Code);

    [Theory]
    [InlineData("/a")]
    [InlineData("a/../b")]
    [InlineData("a//b")]
    [InlineData(".git/config")]
    [InlineData("a/.GIT/config")]
    [InlineData(".cache/x")]
    [InlineData("a\\b")]
    [InlineData("C:/x")]
    [InlineData("")]
    public void Paths_outside_of_a_repository_are_refused(string path) =>
        Assert.Equal("QB5027", Assert.Throws<DiagnosticException>(() => HubFile.FromBytes(path, [1])).Diagnostics[0].Descriptor.Code);
}
