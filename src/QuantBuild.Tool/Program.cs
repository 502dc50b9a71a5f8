using QuantBuild.Tool;
using QuantBuild.Tool.Streams;

StandardStreams streams = StandardStreams.Install();
using var interruption = new Interruption();
int code = CommandLine.Run(args, ToolConsole.OfProcess(), interruption.Token, ParentWatch.OfProcess());
return streams.Finish(code, speaksJson: args.Contains("--json") || args.Contains("--log"));
