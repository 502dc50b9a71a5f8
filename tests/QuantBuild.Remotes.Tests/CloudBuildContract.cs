using System.Text.Json.Nodes;
using QuantBuild.Build.Tests.Infrastructure;
using QuantBuild.Remotes.Tests.Servers;

namespace QuantBuild.Remotes.Tests;

/// <summary>Builds by the tool, which finds and loads the package.</summary>
public abstract class CloudBuildContract(CloudServer server)
{
    private static string Package => Repository.PathOf("src", "QuantBuild.Remotes", "bin", Repository.Configuration, "net10.0");

    private static Dictionary<string, string?> With(IReadOnlyDictionary<string, string?> variables) =>
        new(variables) { ["QUANTBUILD_EXTENSIONS"] = Package };

    [Fact]
    public void A_machine_with_an_empty_store_computes_nothing_that_another_has_shared_and_gives_equal_bytes()
    {
        using var model = new ReducedModel();
        string address = server.AddressOf(Guid.NewGuid().ToString("N"));
        Dictionary<string, string?> variables = With(server.Variables(server.Port));
        Tool.Run(model.Folder, variables, model.Arguments("--out", model["one"], "--store", model["store one"], "--remote", address,
            "--remote-required")).Expect(0);

        ActionLine[] second = ActionLine.Parse(Tool.Run(model.Folder, variables,
            model.Arguments("--out", model["two"], "--store", model["store two"], "--remote", address, "--remote-read-only")).Expect(0));

        Assert.NotEmpty(second);
        Assert.DoesNotContain(second, action => action.Ran);
        Assert.Equal(ReducedModel.Bytes(model["one"]), ReducedModel.Bytes(model["two"]));
    }

    [Fact]
    public void The_package_of_the_model_project_is_found()
    {
        using var model = new ReducedModel();
        string tools = Path.Combine(model["packages"], "quantbuild.remotes", "0.1.0", "tools");
        Directory.CreateDirectory(tools);
        Directory.CreateSymbolicLink(Path.Combine(tools, "net10.0"), Package);
        Directory.CreateDirectory(model["obj"]);
        File.WriteAllText(model["obj", "project.assets.json"], new JsonObject
        {
            ["packageFolders"] = new JsonObject { [model["packages"]] = new JsonObject() },
            ["libraries"] = new JsonObject
            {
                ["QuantBuild.Remotes/0.1.0"] = new JsonObject { ["type"] = "package", ["path"] = "quantbuild.remotes/0.1.0" },
            },
        }.ToJsonString());
        Dictionary<string, string?> variables = new(server.Variables(server.Port)) { ["QUANTBUILD_EXTENSIONS"] = null };

        Tool.Run(model.Folder, variables, model.Arguments("--remote", server.AddressOf(Guid.NewGuid().ToString("N")), "--remote-required"))
            .Expect(0);
    }

    [Fact]
    public void Wrong_credentials_are_a_warning_without_them_and_the_build_goes_on()
    {
        using var model = new ReducedModel();

        Outcome outcome = Tool.Run(model.Folder, With(server.Variables(server.Port, server.WrongSecret)),
            model.Arguments("--verbose", "--remote", server.AddressOf("x"))).Expect(0);

        Assert.Contains("QB4091", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("the server answered 403", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(server.WrongSecret, outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(server.WrongSecret, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bucket_or_container_that_is_not_there_is_a_warning_and_a_failure_where_it_is_required()
    {
        using var model = new ReducedModel();
        Dictionary<string, string?> variables = With(server.Variables(server.Port));

        Outcome outcome = Tool.Run(model.Folder, variables, model.Arguments("--remote", server.MissingAddress)).Expect(0);
        Assert.Contains("there is no", outcome.Out, StringComparison.Ordinal);

        Assert.Contains("QB4097", Tool.Run(model.Folder, variables, model.Arguments("--remote", server.MissingAddress, "--remote-required"))
            .Expect(1).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_package_an_error_says_what_to_install()
    {
        using var model = new ReducedModel();
        Dictionary<string, string?> variables = new(server.Variables(server.Port)) { ["QUANTBUILD_EXTENSIONS"] = null };

        Outcome outcome = Tool.Run(model.Folder, variables, "build", model.Manifest, "--out", model.Output, "--store", model.Store,
            "--remote", server.AddressOf("x")).Expect(1);

        Assert.Contains("QB4120", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("needs the package QuantBuild.Remotes", outcome.Out, StringComparison.Ordinal);
    }
}

/// <summary>Builds over Amazon's protocol.</summary>
public sealed class S3BuildTests(S3Server server) : CloudBuildContract(server), IClassFixture<S3Server>;

/// <summary>Builds over Azure's protocol.</summary>
public sealed class AzureBuildTests(AzuriteServer server) : CloudBuildContract(server), IClassFixture<AzuriteServer>;
