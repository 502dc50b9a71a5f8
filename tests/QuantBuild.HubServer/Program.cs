// Runs the server on its own, for other clients: prints its addresses, serves until its standard input ends.
// Usage: QuantBuild.HubServer <folder> [<repository> ...]
using QuantBuild.HubServer;

await using HubServer server = await HubServer.StartAsync(args[0]);
foreach (string repository in args[1..])
    server.Add(repository);
Console.WriteLine(server.Endpoint);
Console.WriteLine(server.Storage);
await Console.In.ReadToEndAsync();
foreach (Traffic request in server.Requests)
    Console.WriteLine($"{(request.Storage ? "storage" : "hub")} {request.Method} {request.Path} {request.Received}");
