using System.Diagnostics;
using QuantBuild.Compiler.Processes;

namespace QuantBuild.Tests.Processes;

public sealed class ProgramPathTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quantbuild-").FullName;

    public ProgramPathTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "programs are told by their mode here");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Only_absolute_entries_count()
    {
        string program = Program("tool");
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, _root);

        Assert.Equal(program, ProgramPath.Find("tool", _root));
        Assert.Equal(program, ProgramPath.Find("tool", $":.:{relative}:/nowhere:{_root}:"));
        Assert.Null(ProgramPath.Find("tool", relative));
        Assert.Null(ProgramPath.Find("tool", ""));
        Assert.Null(ProgramPath.Find("tool", null));
    }

    [Fact]
    public void The_current_folder_does_not_count()
    {
        string name = "quantbuild-" + Guid.NewGuid().ToString("N");
        string here = Path.Combine(Environment.CurrentDirectory, name);
        File.WriteAllText(here, "#!/bin/sh\n");
        try
        {
            MakeExecutable(here);

            Assert.Null(ProgramPath.Find(name));
            Assert.Throws<FileNotFoundException>(() => ProgramProcess.Start(name));
            Assert.Throws<FileNotFoundException>(() => ProgramProcess.Run(name, TimeSpan.FromSeconds(1)));
        }
        finally
        {
            File.Delete(here);
        }
    }

    [Fact]
    public void What_is_not_a_regular_executable_file_is_passed_over()
    {
        Directory.CreateDirectory(Path.Combine(_root, "a", "tool"));
        Directory.CreateDirectory(Path.Combine(_root, "b"));
        File.WriteAllText(Path.Combine(_root, "b", "tool"), "not executable");
        Directory.CreateDirectory(Path.Combine(_root, "c"));
        using (Process pipe = ProgramProcess.Start("mkfifo", "-m", "777", Path.Combine(_root, "c", "tool")))
            pipe.WaitForExit();
        Directory.CreateDirectory(Path.Combine(_root, "d"));
        File.CreateSymbolicLink(Path.Combine(_root, "d", "tool"), Path.Combine(_root, "nothing"));
        string path = string.Join(':', "abcd".Select(folder => Path.Combine(_root, folder.ToString())));

        Assert.Null(ProgramPath.Find("tool", path));
        Directory.CreateDirectory(Path.Combine(_root, "e"));
        File.CreateSymbolicLink(Path.Combine(_root, "e", "tool"), Program("real"));
        Assert.Equal(Path.Combine(_root, "e", "tool"), ProgramPath.Find("tool", path + ":" + Path.Combine(_root, "e")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("./tool")]
    [InlineData("folder/tool")]
    [InlineData("/bin/sh")]
    public void A_path_is_no_name(string name) => Assert.Throws<ArgumentException>(() => ProgramPath.Find(name, _root));

    [Fact]
    public void A_relative_path_is_never_run()
    {
        Program("tool");

        Assert.ThrowsAny<Exception>(() =>
            ProgramProcess.Start(Path.Combine(Path.GetRelativePath(Environment.CurrentDirectory, _root), "tool")));
        Assert.False(ProgramPath.IsProgram(Path.Combine(Path.GetRelativePath(Environment.CurrentDirectory, _root), "tool")));
    }

    private string Program(string name)
    {
        string path = Path.Combine(_root, name);
        File.WriteAllText(path, "#!/bin/sh\n");
        MakeExecutable(path);
        return path;
    }

    private static void MakeExecutable(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
