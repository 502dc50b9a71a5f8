namespace QuantBuild.Torch.Tests.Measuring;

internal static class BlockCommand
{
    public static int Run(string[] args) => args.Length;
}
