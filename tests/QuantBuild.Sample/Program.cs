// Denoises one latent with the quantized TinyWan: QuantBuild.Sample <samples.safetensors> [steps]
// Makes a video with it: QuantBuild.Sample video <checkpoint> <picture> <prompt> <video.png> [steps]
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;
using TinyWan;

if (args is ["video", var checkpoint, var picture, var prompt, var output, ..])
{
    var sampling = new SamplingOptions { Threads = Environment.ProcessorCount, Steps = args.Length == 6
        ? int.Parse(args[5], CultureInfo.InvariantCulture)
        : 40 };
    Video.Make(checkpoint, picture, prompt, output, new GenerationOptions { Frames = 17, Width = 96, Height = 64, Sampling = sampling });
    Console.WriteLine($"sha256 {Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(output)))}");
    return 0;
}

if (args.Length is < 1 or > 2)
{
    await Console.Error
        .WriteLineAsync(
            "usage: QuantBuild.Sample <samples.safetensors> [steps] | video <checkpoint> <picture> <prompt> <video.png> [steps]");
    return 2;
}

using SafeTensorsFile samples = SafeTensorsFile.Open(args[0]);
IReadOnlyList<long> shape = samples.Tensors["sample.000.noise"].Shape;
float[] condition = samples.ReadFloat32("sample.000.y");
WanConditioning Conditioning(string context) => new(samples.ReadFloat32(context), (int)samples.Tensors[context].Shape[0], condition);

using ModelArtifact model = QuantizedModels.TinyWan.Open();
var options = new SamplingOptions
{
    Steps = args.Length == 2 ? int.Parse(args[1], CultureInfo.InvariantCulture) : model.Descriptor.Sampling.Steps,
    Shift = model.Descriptor.Sampling.Shift,
    Boundary = model.Descriptor.Boundary,
    Threads = Environment.ProcessorCount,
};
var sampler = new TwoExpertSampler(() => CpuDenoiserFactory.Instance.Open(model.HighNoise),
    () => CpuDenoiserFactory.Instance.Open(model.LowNoise));
float[] latent = sampler.Run(options, new LatentShape((int)shape[1], (int)shape[2], (int)shape[3]), samples.ReadFloat32("sample.000.noise"),
    Conditioning("sample.000.context"), Conditioning("null_context"));

double rms = Math.Sqrt(latent.Average(value => (double)value * value));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model.Descriptor.Name}: {options.Steps} steps, rms {rms:0.000}"));
Console.WriteLine($"sha256 {Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(latent)))}");
return 0;
