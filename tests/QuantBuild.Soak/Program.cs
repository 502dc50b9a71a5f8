using System.CommandLine;
using QuantBuild.Soak.Kills;
using QuantBuild.Soak.Mutations;

// Long runs that look for what no single test would find; each is a command of its own and says what it counted.
var root = new RootCommand("Soak runs of QuantBuild: many deaths, many damaged inputs.")
{
    KillsCommand.Create(),
    MutationsCommand.Create(),
};
return root.Parse(args).Invoke();
