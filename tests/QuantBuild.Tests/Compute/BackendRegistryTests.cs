using System.Reflection;
using System.Reflection.Emit;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;

namespace QuantBuild.Tests.Compute;

public sealed class BackendRegistryTests : IDisposable
{
    private static readonly ComputeSection Torch = new(ComputeBackend.Torch, ComputeBackend.Torch);
    private static readonly Version Own = typeof(IComputeBackend).Assembly.GetName().Version!;

    private readonly string _folder = Directory.CreateTempSubdirectory("qb-backends").FullName;

    private string File => Path.Combine(_folder, "QuantBuild.Compiler.Torch.dll");

    private BackendRegistry Registry => new(new([Path.Combine(_folder, "nothing"), _folder]));

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (UnauthorizedAccessException)
        {
            // Windows keeps the file of a loaded assembly.
        }
    }

    [Fact]
    public void The_processor_is_built_in() =>
        Assert.Same(CpuBackend.Instance, new BackendRegistry(new([])).Find(ComputeBackend.Cpu, ComputeSection.Default));

    [Fact]
    public void What_is_in_no_folder_is_not_installed() => Assert.Null(Registry.Find(ComputeBackend.Torch, Torch));

    [Fact]
    public void The_assembly_of_a_package_is_loaded_when_it_is_asked_for()
    {
        WriteBackend(Own);
        BackendRegistry registry = Registry;
        Assert.Empty(Loaded());

        var problems = new List<Diagnostic>();
        Backends found = ComputeChecks.Resolve(Torch, registry, problems);

        Assert.Empty(problems);
        Assert.Equal("QuantBuild.Compiler.Torch", found.Layers.GetType().Assembly.GetName().Name);
        Assert.Same(found.Model, found.Layers);
        Assert.Equal("emitted", found.Layers.Name);
        Assert.Single(Loaded());
        Assert.Same(CpuBackend.Instance,
            ComputeChecks.Resolve(Torch with { Model = ComputeBackend.Cpu }, registry, problems).Model);
    }

    [Fact]
    public void A_backend_of_another_version_is_refused_with_both() =>
        AssertUnusable(() => WriteBackend(new Version(9, 8, 7, 6)), $"it is of version 9.8.7.6, this is {Own}");

    [Fact]
    public void A_file_that_is_no_assembly_is_refused() =>
        AssertUnusable(() => System.IO.File.WriteAllText(File, "not an assembly"), "");

    [Fact]
    public void An_assembly_without_a_provider_is_refused() =>
        AssertUnusable(() => WriteAssembly(Own, (_, _) => { }), "it names no provider");

    [Fact]
    public void A_backend_that_cannot_be_made_says_why() =>
    AssertUnusable(() => WriteBackend(Own, brokenConstructor: true), "Object reference");

    [Fact]
    public void Only_absolute_folders_of_the_variable_count_and_come_before_the_tools_own()
    {
        string absolute = Path.GetFullPath("/somewhere");

        Assert.Equal([absolute, AppContext.BaseDirectory],
            ExtensionFolders.Of(string.Join(Path.PathSeparator, ".", "backends", absolute, "")).Folders);
        Assert.Equal([AppContext.BaseDirectory], ExtensionFolders.Of(null).Folders);
    }

    [Fact]
    public void Packages_are_those_of_the_project_beside_the_manifest_unless_others_are_named_and_are_read_when_they_are_needed()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "obj"));
        string beside = Path.Combine(_folder, "obj", RestoredPackages.FileName), other = Path.Combine(_folder, "other.json");
        System.IO.File.WriteAllText(beside, "beside");
        System.IO.File.WriteAllText(other, "other");

        foreach ((string? named, string expected) in ((string?, string)[])[(null, beside), (other, other)])
        {
            BackendRegistry registry = BackendRegistry.Of(Path.Combine(_folder, "m.quant.json"),
                new ComputeOptions { ProjectAssets = named }, host => host, _ => null);

            Assert.Same(CpuBackend.Instance, registry.Find(ComputeBackend.Cpu, ComputeSection.Default));
            Assert.Equal(("QB4102", expected), Assert.Throws<DiagnosticException>(() => registry.Find(ComputeBackend.Torch, Torch))
                .Diagnostics.Select(problem => (problem.Descriptor.Code, problem.Span!.Value.File)).Single());
        }
    }

    private void AssertUnusable(Action write, string why)
    {
        write();
        var problems = new List<Diagnostic>();

        ComputeChecks.Resolve(Torch, Registry, problems);

        Diagnostic problem = Assert.Single(problems);
        Assert.Equal(("QB3230", File), (problem.Descriptor.Code, problem.Span!.Value.File));
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    private IEnumerable<Assembly> Loaded() => AppDomain.CurrentDomain.GetAssemblies().Where(assembly =>
        !assembly.IsDynamic && assembly.Location == File);

    /// <summary>A backend that has a name and nothing else: <c>Name => "emitted"</c>.</summary>
    private void WriteBackend(Version version, bool brokenConstructor = false) => WriteAssembly(version, (assembly, module) =>
    {
        TypeBuilder backend = module.DefineType("Emitted", TypeAttributes.Public, typeof(object), [typeof(IComputeBackend)]);
        foreach (MethodInfo method in typeof(IComputeBackend).GetMethods())
            Implement(backend, method, code => Return(code, method));
        ConstructorBuilder make = backend.DefineDefaultConstructor(MethodAttributes.Public);

        TypeBuilder provider = module.DefineType("Provider", TypeAttributes.Public, typeof(object), [typeof(IBackendProvider)]);
        ILGenerator constructor = provider.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, []).GetILGenerator();
        if (brokenConstructor)
        {
            constructor.Emit(OpCodes.Ldnull);
            constructor.Emit(OpCodes.Throw);
        }
        constructor.Emit(OpCodes.Ldarg_0);
        constructor.Emit(OpCodes.Call, typeof(object).GetConstructor([])!);
        constructor.Emit(OpCodes.Ret);
        Implement(provider, typeof(IBackendProvider).GetMethod(nameof(IBackendProvider.Open))!, code =>
        {
            code.Emit(OpCodes.Newobj, make);
            code.Emit(OpCodes.Ret);
        });
        backend.CreateType();
        provider.CreateType();
        assembly.SetCustomAttribute(
            new CustomAttributeBuilder(typeof(ProviderAttribute).GetConstructor([typeof(Type)])!, [provider]));
    });

    private void WriteAssembly(Version version, Action<PersistedAssemblyBuilder, ModuleBuilder> define)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName("QuantBuild.Compiler.Torch") { Version = version },
            typeof(object).Assembly);
        define(assembly, assembly.DefineDynamicModule("QuantBuild.Compiler.Torch"));
        assembly.Save(File);
    }

    private static void Implement(TypeBuilder type, MethodInfo method, Action<ILGenerator> body)
    {
        MethodBuilder implementation = type.DefineMethod(method.Name, MethodAttributes.Public | MethodAttributes.Virtual, method.ReturnType,
            [.. method.GetParameters().Select(parameter => parameter.ParameterType)]);
        body(implementation.GetILGenerator());
        type.DefineMethodOverride(implementation, method);
    }

    private static void Return(ILGenerator code, MethodInfo method)
    {
        if (method.ReturnType == typeof(string))
            code.Emit(OpCodes.Ldstr, "emitted");
        else if (method.ReturnType == typeof(void))
        {
            // Nothing is left to return.
        }
        else if (method.ReturnType.IsValueType)
            code.Emit(OpCodes.Ldloc, code.DeclareLocal(method.ReturnType));
        else
            code.Emit(OpCodes.Ldnull);
        code.Emit(OpCodes.Ret);
    }
}
