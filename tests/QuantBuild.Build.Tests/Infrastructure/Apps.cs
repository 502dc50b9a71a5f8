namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>Programs and projects that use models.</summary>
internal static class Apps
{
    /// <summary>A model in the project's own assembly.</summary>
    public const string EmbeddedItem = """<QuantManifest Include="reduced.quant.json" />""";

    /// <summary>Opens the model, which checks every digest, and prints its name and digest.</summary>
    public const string OpenModel = """
        using var model = Reduced.QuantizedModels.Reduced.Open();
        Console.WriteLine($"{model.Descriptor.Name} {Reduced.QuantizedModels.Reduced.Digest}");
        """;

    /// <summary>An app in a folder of its own.</summary>
    /// <param name="references">References, as XML.</param>
    public static string Project(string references) => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
          </PropertyGroup>
          <ItemGroup>
            {references}
          </ItemGroup>
        </Project>
        """;
}
