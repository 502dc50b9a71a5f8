using QuantBuild.Tool;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;

StandardStreams streams = StandardStreams.Install();
using var interruption = new Interruption(args);
int code = CommandLine.Run(args, ToolConsole.OfProcess(), interruption.Token, ParentWatch.OfProcess());
return streams.Finish(code, speaksJson: args.Contains("--json") || args.Contains("--log"));
