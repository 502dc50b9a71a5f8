using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using QuantBuild.Compiler.Hub;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>A push in a process of its own, which is killed at random moments and in the end allowed to finish.</summary>
/// <remarks>QUANTBUILD_HUB_KILL_MIB sets the size; docs/hub.md has the numbers for 3072.</remarks>
public sealed class KilledPushTests : HubTest
{
    private const string RoleVariable = "QUANTBUILD_TEST_PUSH";
    private const long MiB = 1 << 20;

    private static readonly long Size = MiB
        * int.Parse(Environment.GetEnvironmentVariable("QUANTBUILD_HUB_KILL_MIB") ?? "48", CultureInfo.InvariantCulture);
    private static readonly int Kills = Size > 1024 * MiB ? 10 : 3;

    [Theory]
    [InlineData(1)] // the default
    [InlineData(4)]
    public async Task A_push_that_is_killed_again_and_again_sends_no_more_twice_than_the_parts_that_were_under_way(int parallel)
    {
        // arrange: sparse, so that only the hashing costs time
        Server.Add(Name);
        Server.PartSize = (int)Math.Max(MiB, Size / 96);
        string path = PathTo("large.bin");
        await using (FileStream sparse = File.Create(path))
        {
            sparse.SetLength(Size);
            sparse.Seek(-8, SeekOrigin.End);
            sparse.Write("the end."u8);
        }
        var random = new Random(7);
        long Received() => Server.Requests.Where(request => request.Storage).Sum(request => request.Received);

        // Past the goal the server takes nothing more: however late the child is killed, it has not finished before.
        long goal = long.MaxValue;
        Server.Fail(request => request.Storage && Received() > Volatile.Read(ref goal), Fault.Hang, int.MaxValue);

        // act: each child gets some parts further than the one before
        for (int kill = 0; kill < Kills; kill++)
        {
            Volatile.Write(ref goal, Received() + random.NextInt64(Size / (2 * Kills)));
            using Process child = Start(path, parallel);
            while (Received() <= goal && !child.HasExited)
                await Task.Delay(2, Ct);
            Assert.False(child.HasExited, "the push ended before it could be killed");
            child.Kill();
            await child.WaitForExitAsync(Ct);
        }
        Volatile.Write(ref goal, long.MaxValue);
        using Process last = Start(path, parallel);
        string output = await last.StandardOutput.ReadToEndAsync(Ct);
        await last.WaitForExitAsync(Ct);

        // assert
        Assert.Equal(0, last.ExitCode);
        Entry entry = Server.Repositories[Name].Main.Files["large.bin"];
        Assert.Equal(Size, entry.Size);
        Assert.Equal(Size, new FileInfo(Server.ObjectPath(entry.LfsId!)).Length);
        long twice = Received() - Size;
        TestContext.Current
            .SendDiagnosticMessage(
                $"{Size} bytes, parts of {Server.PartSize}, {parallel} at once, {Kills} kills: {twice} bytes sent twice; "
                    + $"{output.Trim()} bytes of memory");
        Assert.InRange(twice, 0, (long)Kills * parallel * Server.PartSize);
        Assert.InRange(long.Parse(output.Trim(), CultureInfo.InvariantCulture), 1, 200 * MiB);
    }

    private Process Start(string path, int parallel)
    {
        string self = Environment.ProcessPath!;
        var start = new ProcessStartInfo(self) { RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
            start.ArgumentList.Add(typeof(KilledPushTests).Assembly.Location);
        start.Environment[RoleVariable] = string.Join('\n', Server.Endpoint.AbsoluteUri, path, PathTo("state"),
            parallel.ToString(CultureInfo.InvariantCulture));
        return Process.Start(start)!;
    }

    /// <summary>Runs before the test runner's entry point: a process that was given the role never reaches it.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "This is a program.")]
    internal static void TakeRole()
    {
        if (Environment.GetEnvironmentVariable(RoleVariable) is not { Length: > 0 } text)
            return;
        string[] arguments = text.Split('\n');
        Push(new Uri(arguments[0]), arguments[1], arguments[2], int.Parse(arguments[3], CultureInfo.InvariantCulture));
        using var self = Process.GetCurrentProcess();
        Console.WriteLine(self.PeakWorkingSet64);
        Environment.Exit(0);
    }

    /// <summary>
    /// Waits instead of awaiting: until the initializer is over, no other thread can enter this assembly. The client ends with the process.
    /// </summary>
    private static void Push(Uri endpoint, string path, string state, int parallel)
    {
        var client = new HubClient(new HubOptions { Endpoint = endpoint, Token = HubToken.From(HubServerToken, "the test"),
            StateFolder = state, Parallel = parallel });
        HubFile file = HubFile.FromDisk("large.bin", path);
        UploadPlan plan = HubUpload.PlanAsync(client, Id, "main", [file]).GetAwaiter().GetResult();
        HubUpload.RunAsync(client, plan, ("large", "")).GetAwaiter().GetResult();
    }
}
