using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Torch.Tests.Wan;

namespace QuantBuild.Torch.Tests.Measuring;

/// <summary><c>digest [folder]</c>: the digest of predictions by a fresh process, with the libtorch of a folder.</summary>
internal static class DigestCommand
{
    public static int Run(string[] args)
    {
        using var runtime = TorchRuntime.Open(new TorchOptions { LibraryFolder = args.FirstOrDefault(), Threads = Runtimes.Threads });
        Console.WriteLine(Of(runtime));
        return 0;
    }

    /// <summary>The digest of what the tiny model predicts in full precision.</summary>
    public static string Of(TorchRuntime runtime)
    {
        using ShardedCheckpoint source = TinyWan.Open("low");
        using SafeTensorsFile golden = GoldenDit.Open();
        using IDenoiser denoiser = runtime.Open(TinyWan.Config("low"), source);
        return Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(GoldenDit.Predict(denoiser, golden, "low", 500))));
    }
}
