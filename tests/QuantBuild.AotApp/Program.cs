// Opens the model that is in this executable, does one quantized denoising step, and makes a short video from a drawn picture and a prompt:
// QuantBuild.AotApp <samples.safetensors> <checkpoint> <prompt>
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild;
using QuantBuild.AotApp;
using QuantBuild.Denoisers;
using QuantBuild.Imaging;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

if (args is not [var samplesFile, var checkpoint, var prompt])
{
    Console.Error.WriteLine("usage: QuantBuild.AotApp <samples.safetensors> <checkpoint> <prompt>");
    return 2;
}

using ModelArtifact model = QuantizedModels.TinyWan.Open();
using SafeTensorsFile samples = SafeTensorsFile.Open(samplesFile);
IReadOnlyList<long> size = samples.Tensors["sample.000.noise"].Shape;
float[] latent = samples.ReadFloat32("sample.000.noise");
var conditioning = new WanConditioning(samples.ReadFloat32("sample.000.context"), (int)samples.Tensors["sample.000.context"].Shape[0],
    samples.ReadFloat32("sample.000.y"));

FlowSchedule schedule = FlowSchedule.Create(model.Descriptor.Sampling.Steps, model.Descriptor.Sampling.Shift);
var velocity = new float[latent.Length];
using IDenoiser expert = CpuDenoiserFactory.Instance.Open(model.HighNoise);
expert.Predict(new LatentShape((int)size[1], (int)size[2], (int)size[3]), latent, schedule.Timesteps[0], conditioning, velocity,
    threads: Environment.ProcessorCount);
float step = schedule.Sigmas[1] - schedule.Sigmas[0]; // Euler's
for (int i = 0; i < latent.Length; i++)
    latent[i] += step * velocity[i];

double rms = Math.Sqrt(latent.Average(value => (double)value * value));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{model.Descriptor.Name}: one step from timestep {schedule.Timesteps[0]}, rms {rms:0.000}"));
Console.WriteLine($"sha256 {Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(latent)))}");

using var pipeline = new WanImageToVideoPipeline(checkpoint, model);
var picture = new Image(96, 64, [.. Enumerable.Range(0, 3 * 96 * 64).Select(i => (byte)(i / 96))]);
GeneratedVideo video = pipeline.Generate(picture, prompt, new GenerationOptions
{
    Frames = 5,
    Width = 64, Height = 48,
    Sampling = new SamplingOptions { Steps = 4, Threads = Environment.ProcessorCount },
});
using var frames = new MemoryStream();
PngWriter.WriteAnimation(frames, video.Frames, framesPerSecond: 16);
Console.WriteLine($"video of {video.Frames.Count} frames, sha256 {Convert.ToHexStringLower(SHA256.HashData(frames.ToArray()))}");
return 0;
