using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class SharedStoreTests
{
    [Fact]
    public void Two_builds_at_once_share_the_work_and_give_equal_bytes()
    {
        using var model = new ReducedModel();
        using RunningProcess one = model.Start("--out", model["one"]);
        using RunningProcess two = model.Start("--out", model["two"]);

        ActionLine[] first = ActionLine.Parse(one.Wait().Expect(0));
        ActionLine[] second = ActionLine.Parse(two.Wait().Expect(0));

        Assert.Equal(ReducedModel.Bytes(model["one"]), ReducedModel.Bytes(model["two"]));
        Assert.Empty(Ran(first).Intersect(Ran(second)));
        Assert.Equal(first.Select(action => action.Key).Order(StringComparer.Ordinal), Ran(first).Concat(Ran(second))
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_store_that_is_a_file_is_a_diagnostic()
    {
        using var model = new ReducedModel();
        File.WriteAllText(model["file"], "");

        Outcome outcome = model.Build("--store", model["file"]).Expect(1);

        Assert.Contains("error QB4001", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_without_permission_is_a_diagnostic()
    {
        using var model = new ReducedModel();
        Directory.CreateDirectory(model.Store);
        // Nothing but a read-only file system stops root.
        bool mounted = Mount("-t", "tmpfs", "-o", "ro", "tmpfs", model.Store);
        if (!mounted && OperatingSystem.IsWindows())
            Assert.Skip("neither mounts nor Unix permissions");
        else if (!mounted)
            File.SetUnixFileMode(model.Store, UnixFileMode.None);
        try
        {
            Outcome outcome = model.Build().Expect(1);

            Assert.Matches("error QB400[126]", outcome.Out);
            Assert.Contains(model.Store, outcome.Out, StringComparison.Ordinal);
        }
        finally
        {
            if (mounted)
                Unmount(model.Store);
            else if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(model.Store, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_full_disk_is_a_diagnostic_and_the_work_goes_on_when_there_is_space()
    {
        using var model = new ReducedModel();
        Directory.CreateDirectory(model.Store);
        Assert.SkipUnless(Mount("-t", "tmpfs", "-o", "size=512k", "tmpfs", model.Store), "a small file system cannot be mounted here");
        try
        {
            Outcome full = model.Build().Expect(1);
            Assert.Contains("error QB4003", full.Out, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(model.Output, "artifact.json")));

            Assert.True(Mount("-o", "remount,size=256m", model.Store));
            model.Build().Expect(0);
            model.Build("--store", model["fresh store"], "--out", model["fresh"]).Expect(0);
            Assert.Equal(ReducedModel.Bytes(model["fresh"]), ReducedModel.Bytes(model.Output));
        }
        finally
        {
            Unmount(model.Store);
        }
    }

    private static IEnumerable<string> Ran(ActionLine[] actions) => actions.Where(action => action.Ran).Select(action => action.Key);

    private static void Unmount(string folder)
    {
        using var unmount = new RunningProcess("umount", [folder], "/", Environments.With());
        unmount.Wait().Expect(0);
    }

    private static bool Mount(params string[] arguments)
    {
        try
        {
            using var mount = new RunningProcess("mount", arguments, "/", Environments.With());
            return mount.Wait().ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
