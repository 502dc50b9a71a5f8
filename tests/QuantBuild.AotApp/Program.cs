// Opens the model that is in this executable and does one quantized denoising step: QuantBuild.AotApp <samples.safetensors>
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild;
using QuantBuild.AotApp;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Sampling;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: QuantBuild.AotApp <samples.safetensors>");
    return 2;
}

using ModelArtifact model = QuantizedModels.TinyWan.Open();
using SafeTensorsFile samples = SafeTensorsFile.Open(args[0]);
IReadOnlyList<long> size = samples.Tensors["sample.000.noise"].Shape;
float[] latent = samples.ReadFloat32("sample.000.noise");
var conditioning = new WanConditioning(samples.ReadFloat32("sample.000.context"), (int)samples.Tensors["sample.000.context"].Shape[0],
    samples.ReadFloat32("sample.000.y"));

FlowSchedule schedule = FlowSchedule.Create(model.Descriptor.Sampling.Steps, model.Descriptor.Sampling.Shift);
var velocity = new float[latent.Length];
new WanTransformer(model.HighNoise.LoadWeights()).Predict(new LatentShape((int)size[1], (int)size[2], (int)size[3]), latent, schedule.Timesteps[0],
    conditioning, velocity, threads: Environment.ProcessorCount);
new EulerSolver(schedule).Step(velocity, latent);

double rms = Math.Sqrt(latent.Average(value => (double)value * value));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model.Descriptor.Name}: one step from timestep {schedule.Timesteps[0]}, rms {rms:0.000}"));
Console.WriteLine($"sha256 {Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(latent)))}");
return 0;
