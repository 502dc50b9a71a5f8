namespace QuantBuild.Soak.Kills;

/// <summary>
/// Kills builds, one after the other, each at another system call: half of them from an empty folder, half over an earlier build of another
/// rank. After each the next build has to succeed and to leave exactly the files of an undisturbed build, with the same bytes.
/// </summary>
internal static class KillSoak
{
    private const int EarlierRank = 4, Rank = 6;

    /// <returns>Exit code.</returns>
    public static int Run(int count, int seed, string tool)
    {
        // Else every killed runtime leaves its sockets for debuggers beside the folder.
        Environment.SetEnvironmentVariable("DOTNET_EnableDiagnostics", "0");
        string root = Directory.CreateTempSubdirectory("quantbuild-kills-").FullName;
        try
        {
            Scenario[] scenarios = [Scenario.Create(tool, Path.Combine(root, "fresh"), earlier: null, Rank),
                Scenario.Create(tool, Path.Combine(root, "over"), EarlierRank, Rank)];
            var random = new Random(seed);
            var killed = new SortedDictionary<string, int>(StringComparer.Ordinal);
            int survived = 0, failures = 0;
            for (int i = 0; i < count; i++)
            {
                Scenario scenario = scenarios[i % scenarios.Length];
                string[] calls = [.. scenario.Calls.Keys.Order(StringComparer.Ordinal)];
                string call = calls[i / scenarios.Length % calls.Length];
                int number = random.Next(1, scenario.Calls[call] + 1);
                string folder = Path.Combine(root, "work");
                if (scenario.Try(folder, call, number, out string? fault))
                    killed[call] = killed.GetValueOrDefault(call) + 1;
                else
                    survived++;
                if (fault is not null)
                {
                    failures++;
                    Console.WriteLine($"{scenario.Name}, {call} number {number}: {fault}");
                }
                Directory.Delete(folder, recursive: true);
                if ((i + 1) % 20 == 0)
                    Console.WriteLine($"{i + 1} of {count}: {failures} failures");
            }
            Console.WriteLine(
                $"{count} builds: {killed.Values.Sum()} killed, {survived} ended before the chosen call; {failures} failures");
            Console.WriteLine(string.Join(", ", killed.Select(call => $"{call.Key} {call.Value}")));
            return failures == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
