using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Samples;
using QuantBuild.Models;

namespace QuantBuild.Compiler.Stages;

/// <summary>Nodes of a calibration set: encoding of pictures and prompts, and a trajectory per sample.</summary>
internal static class SampleNodes
{
    /// <summary>The nodes. Sizes of samples are read when they are first asked for.</summary>
    public static IEnumerable<ActionNode> Of(Plan plan, SampleSet set)
    {
        var shapes = new Lazy<IReadOnlyList<LatentShape>>(set.Shapes);
        var encoders = new Lazy<EncoderOperations>(() => EncoderOperations.Of(plan.Location.Folder));
        ActionNode? empty = set.FromPictures && TrajectoryStage.NeedsNull(plan.Manifest.Calibration)
            ? BuildStages.Condition.Node(new ConditionSubject(plan.Experts[0].Config, null, encoders)) : null;
        if (empty is not null)
            yield return empty;
        for (int i = 0; i < set.Lines.Count; i++)
        {
            (int index, SampleLine line) = (i, set.Lines[i]);
            ActionNode? encoded = set.FromPictures
                ? BuildStages.Condition.Node(new ConditionSubject(plan.Experts[0].Config, line, encoders))
                : null;
            if (encoded is not null)
                yield return encoded;
            yield return BuildStages.Trajectory.Node(
                new TrajectorySubject(plan, line.Id, () => index < shapes.Value.Count
                    ? LatentCrop.Of(shapes.Value[index], plan.Manifest.Calibration.Latent)
                    : default),
                [.. new[] { empty, encoded }.OfType<ActionNode>()]);
        }
    }
}
