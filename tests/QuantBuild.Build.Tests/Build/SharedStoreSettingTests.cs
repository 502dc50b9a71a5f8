using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

/// <summary>The store that others share, as a project names it.</summary>
public sealed class SharedStoreSettingTests
{
    [Fact]
    public void A_build_takes_from_the_shared_store_and_writes_there_and_fails_without_it_only_where_it_is_required()
    {
        using var project = new ModelProject();
        string shared = project.Model["shared"];
        string named = $"-p:QuantRemoteStore=file://{shared}"; // MSBuild would decode an encoded address, byte by byte

        // There is no such folder.
        Outcome required = project.DotNet("build", named, "-p:QuantRemoteRequired=true").Expect(1);
        Assert.Contains("error QB4097", required.Out, StringComparison.Ordinal);

        Assert.Contains("warning QB4091", project.DotNet("build", named).Expect(0).Out, StringComparison.Ordinal);

        Directory.CreateDirectory(shared);
        File.SetLastWriteTimeUtc(project.Model.Manifest, DateTime.UtcNow);
        Assert.DoesNotContain("QB409", project.DotNet("build", named, "-p:QuantRemoteRequired=true").Expect(0).Out,
            StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(shared, "ac")));
    }

    [Fact]
    public void A_value_that_is_none_is_an_error()
    {
        using var project = new ModelProject(properties: "<QuantRemoteRequired>perhaps</QuantRemoteRequired>");

        Assert.Contains("QuantRemoteRequired", project.DotNet("build").Expect(1).Out, StringComparison.Ordinal);
    }
}
