using System.CommandLine;

namespace QuantBuild.Soak.Kills;

/// <summary>Kills builds of a reduced TinyWan at system calls and looks at what the next build makes of it.</summary>
internal static class KillsCommand
{
    public static Command Create()
    {
        var count = new Option<int>("--count") { Description = "How many builds are killed.", DefaultValueFactory = _ => 200 };
        var seed = new Option<int>("--seed") { Description = "Chooses the places of death.", DefaultValueFactory = _ => 1 };
        var tool = new Option<string>("--tool") { Description = "The quantbuild that builds.", DefaultValueFactory = _ =>
            Project.BuiltTool };
        var command =
            new Command("kills",
                "Kills builds at chosen system calls (with strace, on Linux); the next build must give the same bytes and leave nothing "
                    + "behind.") { count, seed, tool };
        command.SetAction(parsed => KillSoak.Run(parsed.GetValue(count), parsed.GetValue(seed), Path.GetFullPath(parsed.GetValue(tool)!)));
        return command;
    }
}
