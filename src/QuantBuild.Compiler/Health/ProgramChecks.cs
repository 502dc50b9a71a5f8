using QuantBuild.Compiler.Processes;

namespace QuantBuild.Compiler.Health;

/// <summary>Programs of others that some commands use.</summary>
internal static class ProgramChecks
{
    private static readonly (string Name, string Use, string Without)[] Known =
    [
        ("ffmpeg", "`generate`, `compare` and `eval` can write MP4 files.",
            "Videos cannot be written as MP4; animated PNG files and folders of frames can."),
        ("openssl", "`sign` and `verify` work with keys in PEM files.", "`sign` and `verify --key` do not work with keys in PEM files."),
        ("cosign", "`sign --cosign` works with keys in hardware and key services.",
            "`sign --cosign` does not work; keys in PEM files need only openssl."),
    ];

    public static IEnumerable<MachineCheck> All(string? path) => Known.Select(program => ProgramPath.Find(program.Name, path) is { } file
        ? new MachineCheck(program.Name, CheckState.Good, file, program.Use)
        : new MachineCheck(program.Name, CheckState.Note, "not on the PATH", program.Without));
}
