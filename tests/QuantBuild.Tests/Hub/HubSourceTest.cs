using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Hub;

/// <summary>A project whose checkpoint is in a repository of the Hub.</summary>
public abstract class HubSourceTest : HubTest
{
    private protected const string Weights = "high_noise_model/diffusion_pytorch_model-00001-of-00002.safetensors";

    private protected TinyProject Project { get; } = new() { UsesDefaultFolders = true, Checkpoint = "hf://org/model" };
    private protected Dictionary<string, string> Variables { get; } = [];

    public override async ValueTask DisposeAsync()
    {
        Project.Dispose();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected void PublishTinyWan()
    {
        Server.LargeFrom = 1 << 16;
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            foreach (string file in Directory.GetFiles(TestData.TinyWan("checkpoint", expert)))
                Publish($"{expert}/{Path.GetFileName(file)}", File.ReadAllBytes(file));
        }
        Publish("README.md", "# a model"u8.ToArray());
        Publish("Wan2.1_VAE.pth", new byte[100_000]);
        Publish("high_noise_model/diffusion_pytorch_model.fp16.safetensors", new byte[100_000]);
    }

    private protected void Publish(string path, byte[] content)
    {
        Repository repository = Server.Repositories.GetValueOrDefault(Name) ?? Server.Add(Name);
        string digest = Digest.Of(content).ToString();
        bool large = content.Length >= Server.LargeFrom;
        if (large)
            File.WriteAllBytes(Server.ObjectPath(digest), content);
        repository.Heads["refs/heads/main"] = repository.Add(repository.Main, path, new Dictionary<string, Entry>(repository.Main.Files)
        {
            [path] = large ? Repository.Large(path, digest, content.Length) : Repository.Small(path, content),
        }).Id;
    }

    private protected CompileOptions Compile()
    {
        Variables["HF_ENDPOINT"] = Server.Endpoint.ToString();
        Variables["HF_HUB_CACHE"] = PathTo("cache");
        Variables["HF_TOKEN"] = HubServerToken;
        return Project.Options() with { Hub = new HubAccess(new HubEnvironment(Variables.GetValueOrDefault)) { Configure = options =>
            options with { Time = Time } } };
    }

    private protected CompileResult Build() => ModelCompiler.Build(Compile(), Project.Output, SilentObserver.Instance, Ct);

    private protected IEnumerable<Traffic> Storage(string method) =>
        Server.Requests.Where(request => request.Storage && request.Method == method);
}
