using System.CommandLine;

// Long runs that look for what no single test would find; each is a command of its own and says what it counted.
var root = new RootCommand("Soak runs of QuantBuild: many deaths, many damaged inputs.");
return root.Parse(args).Invoke();
