using System.Globalization;
using QuantBuild.Tool.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuantBuild.Tool.Logging;

/// <summary>Counts of a phase and its time left, or taken.</summary>
internal sealed class PhaseColumn : ProgressColumn
{
    /// <inheritdoc/>
    protected override bool NoWrap => true;

    /// <inheritdoc/>
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        var phase = (PhaseTally)task.Tag!;
        string time = task.IsFinished || task.StopTime is not null
            ? Quantity.Duration(task.ElapsedTime ?? TimeSpan.Zero)
            : phase.Left is { } left ? $"{Quantity.Duration(left)} left" : "";
        return new Spectre.Console.Text(string.Create(CultureInfo.InvariantCulture, $"{phase.Finished}/{phase.Actions}  {phase.Cached} cached  {time}{(task.IsFinished || phase.Current is null ? "" : $"  {phase.Current}")}"));
    }
}
