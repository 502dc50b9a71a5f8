using System.Globalization;
using QuantBuild.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is not ["scale", string what, ..] || Settings.Parse(args[2..]) is not { } settings)
{
    Console.Error.WriteLine("""
        scale gemm  [OUTxIN] [--tokens N] [--threads N] [--rounds N]   Gemm against OpenBLAS (if installed) and the Gram matrix
        scale w4a4  [OUTxIN] …                                         the quantized linear layer against Gemm
        scale clip  [OUTxIN] …                                         clip searches of 5 and of 15 candidates against Gemm
        scale qdq   [OUTxIN] …                                         activation quantization against a copy
        scale layer [OUTxIN] …                                         a whole layer, stage by stage, in Gemm times
        """);
    return 2;
}

Console.WriteLine($"{what}: {settings}");
switch (what)
{
    case "gemm":
        GemmScale.Run(settings);
        return 0;
    case "w4a4":
        W4A4Scale.Run(settings);
        return 0;
    case "clip":
        ClipScale.Run(settings);
        return 0;
    case "qdq":
        QuantizeScale.Run(settings);
        return 0;
    case "layer":
        LayerScale.Run(settings);
        return 0;
    default:
        Console.Error.WriteLine($"there is no benchmark '{what}'");
        return 2;
}
