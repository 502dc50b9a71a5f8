using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>What lies in the current folder, or is named on the command line, is never executed.</summary>
public sealed class ForeignProgramsTests
{
    public ForeignProgramsTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "the traps are shell scripts");

    [Fact]
    public void Programs_of_the_current_folder_are_not_run()
    {
        using var model = new ReducedModel();
        model.Build().Expect(0);
        string here = Directory.CreateDirectory(model["here"]).FullName;
        foreach (string name in (string[])["openssl", "cosign", "ffmpeg", "dotnet", "xdg-open", "open", "sh"])
            Trap(Path.Combine(here, name), model["trap"]);
        Run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", model["own.pem"]);
        Run("openssl", "pkey", "-in", model["own.pem"], "-pubout", "-out", model["own.pub"]);
        Run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", model["other.pem"]);
        Run("openssl", "pkey", "-in", model["other.pem"], "-pubout", "-out", model["other.pub"]);
        IReadOnlyDictionary<string, string?> path = Environments.With(("PATH", ".::" + Environment.GetEnvironmentVariable("PATH")));

        Tool.Run(here, path, "sign", model.Output, "--key", model["own.pem"]).Expect(0);
        Tool.Run(here, path, "verify", model.Output, "--key", model["own.pub"]).Expect(0);
        Assert.Contains("QB5043", Tool.Run(here, path, "verify", model.Output, "--key", model["other.pub"]).Expect(1).Out,
            StringComparison.Ordinal);
        Outcome doctor = Tool.Run(here, path, "doctor", "--store", model.Store);
        Assert.Contains(".NET SDK 10", doctor.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(here, doctor.Out, StringComparison.Ordinal);
        Tool.Run(here, path, "report", model.Output, "--open").Expect(0);
        // In the artifact's own folder nothing may lie that nobody signed.
        Trap(Path.Combine(model.Output, "openssl"), model["trap"]);
        Assert.Contains("QB5072", Tool.Run(model.Output, path, "verify", ".", "--key", model["own.pub"]).Expect(1).Out,
            StringComparison.Ordinal);

        Assert.False(File.Exists(model["trap"]), "a program of the current folder was run");
    }

    [Fact]
    public void A_page_is_opened_by_the_platforms_opener_and_never_executed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the opener has another name");
        using var model = new ReducedModel();
        model.Build().Expect(0);
        string page = Path.Combine(model.Output, "reduced.report.html");
        Trap(page, model["trap"]);
        Directory.CreateDirectory(model["bin"]);
        Script(model["bin", "xdg-open"], $"echo speaks\necho \"$@\" > '{model["opened"]}'");

        Outcome outcome =
            Tool.Run(model.Output, Environments.With(("PATH", model["bin"] + ":" + Environment.GetEnvironmentVariable("PATH"))), "report",
                ".", "--open").Expect(0);

        Assert.Equal(page, File.ReadAllText(model["opened"]).Trim());
        Assert.Equal(page, outcome.Out.Trim());
        Assert.False(File.Exists(model["trap"]), "the page was executed");
        Script(model["bin", "xdg-open"], "exit 3");
        Assert.Contains("No browser could be started",
            Tool.Run(model.Output, Environments.With(("PATH", model["bin"] + ":" + Environment.GetEnvironmentVariable("PATH"))), "report",
                ".", "--open").Expect(0).Error, StringComparison.Ordinal);
        Assert.Contains("does not end in .html", Tool.Run(model.Output, "report", ".", "--open", "--out", "page.exe").Expect(2).Error,
            StringComparison.Ordinal);
    }

    private static void Trap(string path, string mark) => Script(path, $"touch '{mark}'");

    private static void Script(string path, string body)
    {
        File.Delete(path);
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = new RunningProcess(program, arguments, Path.GetTempPath(), new Dictionary<string, string?>());
        process.Wait().Expect(0);
    }
}
