// MSBuild knows the attribute by this name, wherever it is declared: engines that do not have it load the tasks too.
namespace Microsoft.Build.Framework;

/// <summary>
/// Tells MSBuild that a task may run beside others in one process: it uses full paths only and changes neither the working directory nor
/// the environment nor anything static.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
internal sealed class MSBuildMultiThreadableTaskAttribute : Attribute;
