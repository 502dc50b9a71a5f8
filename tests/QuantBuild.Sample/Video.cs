using QuantBuild;
using QuantBuild.Imaging;
using QuantBuild.Pipelines;
using TinyWan;

/// <summary>The README's example: a picture and a prompt become a video by the quantized model.</summary>
internal static class Video
{
    public static void Make(string checkpoint, string picture, string prompt, string output, GenerationOptions options)
    {
        // README begin
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) => { pressed.Cancel = true; stop.Cancel(); };
        using ModelArtifact model = QuantizedModels.TinyWan.Open();
        using var pipeline = new WanImageToVideoPipeline(checkpoint, model, ExpertMemory.One);
        var progress = new Progress<GenerationProgress>(step => Console.Error.WriteLine($"{step.Phase}: {step.Done} of {step.Total}"));
        GeneratedVideo video = pipeline.Generate(Image.Load(picture), prompt, options, progress, ct: stop.Token);
        using FileStream file = File.Create(output);
        PngWriter.WriteAnimation(file, video.Frames, framesPerSecond: 16);
        // README end
    }
}
