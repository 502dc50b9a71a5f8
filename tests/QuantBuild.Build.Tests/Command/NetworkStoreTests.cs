using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>
/// Builds at once in one store that lies on a file system without locks between them: two may do the same action, and no byte is another.
/// The kernels of test machines know no NFS; sshfs is a network file system that has its caches and keeps locks to a mount.
/// </summary>
public sealed class NetworkStoreTests
{
    private const string Server = "/usr/lib/openssh/sftp-server";

    [Fact]
    public void Without_locks_builds_give_equal_bytes_while_others_come_go_and_clean()
    {
        using var model = new ReducedModel();
        model.Build("--out", model["alone"], "--store", model["store alone"]).Expect(0);
        IReadOnlyDictionary<string, string?> unlocked = Environments.With(("DOTNET_SYSTEM_IO_DISABLEFILELOCKING", "1"));
        Directory.CreateDirectory(Path.Combine(model.Store, "locks"));
        // With locks nobody would come past this one.
        using var gate = new FileStream(Path.Combine(model.Store, "locks", "gate"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        using RunningProcess one = Tool.Start(model.Folder, unlocked, model.Arguments("--out", model["one"]));
        using RunningProcess two = Tool.Start(model.Folder, unlocked, model.Arguments("--out", model["two"]));
        int cleaned = 0;
        for (; !one.HasExited || !two.HasExited; cleaned++)
            Tool.Run(model.Folder, unlocked, "cache", "prune", "--max-size", "0", "--store", model.Store).Expect(0);

        one.Wait().Expect(0);
        two.Wait().Expect(0);
        Assert.True(cleaned > 1, $"cleaned {cleaned} times");
        Assert.Equal(ReducedModel.Bytes(model["alone"]), ReducedModel.Bytes(model["one"]));
        Assert.Equal(ReducedModel.Bytes(model["alone"]), ReducedModel.Bytes(model["two"]));
    }

    [Fact]
    public void Two_machines_that_mount_one_store_give_equal_bytes_and_a_third_finds_all_done()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/sshfs") && File.Exists(Server), "no sshfs: apt-get install sshfs openssh-sftp-server");
        using var model = new ReducedModel();
        using var folder = new TemporaryFolder("quantbuild-sshfs-"); // sshfs splits the command at spaces
        string connect = folder["connect"];
        File.WriteAllText(connect, $"#!/bin/sh\nexec {Server}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(connect, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(folder["server"]);
        string[] mounts = [folder["here"], folder["there"]];
        var mounted = new List<string>();
        try
        {
            foreach (string mount in mounts)
            {
                Directory.CreateDirectory(mount);
                Assert.SkipUnless(Run("sshfs", "-o", $"ssh_command={connect}", $"machine:{folder["server"]}", mount) == 0,
                    "nothing can be mounted here");
                mounted.Add(mount);
            }
            using RunningProcess one = model.Start("--out", model["one"], "--store", Path.Combine(mounts[0], "store"));
            using RunningProcess two = model.Start("--out", model["two"], "--store", Path.Combine(mounts[1], "store"));
            one.Wait().Expect(0);
            two.Wait().Expect(0);

            ActionLine[] third = ActionLine.Parse(
                model.Build("--out", model["three"], "--store", Path.Combine(mounts[1], "store")).Expect(0));

            Assert.NotEmpty(third);
            Assert.DoesNotContain(third, action => action.Ran);
            Assert.Equal(ReducedModel.Bytes(model["one"]), ReducedModel.Bytes(model["two"]));
            Assert.Equal(ReducedModel.Bytes(model["one"]), ReducedModel.Bytes(model["three"]));
        }
        finally
        {
            mounted.ForEach(mount => Run("umount", mount));
        }
    }

    private static int Run(string program, params string[] arguments)
    {
        using var process = new RunningProcess(program, arguments, "/", Environments.With());
        return process.Wait().ExitCode;
    }
}
