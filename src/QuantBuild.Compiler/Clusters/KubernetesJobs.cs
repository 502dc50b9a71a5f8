using System.Globalization;

namespace QuantBuild.Compiler.Clusters;

/// <summary>Indexed Jobs for Kubernetes 1.33 or later, and a script that runs one after the other.</summary>
/// <remarks>
/// See https://kubernetes.io/docs/concepts/workloads/controllers/job/. A pod that fails for good (exit code 1 or 2) fails its index at
/// once; one that can be tried again (75) is, and so is one that lost its node.
/// </remarks>
internal static class KubernetesJobs
{
    /// <summary>The files.</summary>
    /// <param name="build">The build.</param>
    /// <param name="image">Image with the tool.</param>
    public static IReadOnlyList<ClusterFile> Of(ClusterBuild build, string image) =>
    [
        new("calibrate.yaml", Job(build, image, "calibrate", build.Work("calibrate"), indexed: true)),
        new("layers.yaml", Job(build, image, "layers", build.Work("layers"), indexed: true)),
        new("pack.yaml", Job(build, image, "pack", build.Pack, indexed: false)),
        new("run.sh", $$"""
            #!/bin/sh
            # Runs the three jobs, each when the one before is complete. Credentials are in the secret quantbuild-remote, if there is one.
            set -eu
            cd "$(dirname "$0")"
            for phase in calibrate layers pack; do
              job="job/quantbuild-{{build.Name}}-$phase"
              kubectl apply -f "$phase.yaml"
              until state=$(kubectl get "$job" -o jsonpath='{.status.conditions[?(@.status=="True")].type}'); case "$state" in
                *Failed*) echo "$job failed" >&2; exit 1 ;;
                *Complete*) true ;;
                *) false ;;
              esac; do sleep 10; done
            done

            """.ReplaceLineEndings("\n")),
    ];

    private static string Job(ClusterBuild build, string image, string phase, string command, bool indexed)
    {
        string many = indexed
            ? string.Create(CultureInfo.InvariantCulture,
                $"  completionMode: Indexed\n  completions: {build.Shards}\n  parallelism: {build.Shards}\n")
                + "  backoffLimitPerIndex: 3\n"
            : "  backoffLimit: 3\n";
        string gpu = indexed && build.Gpus ? "          resources:\n            limits:\n              nvidia.com/gpu: 1\n" : "";
        return $"""
            apiVersion: batch/v1
            kind: Job
            metadata:
              name: quantbuild-{build.Name}-{phase}
            spec:
            {many}  podFailurePolicy:
                rules:
                  - action: {(indexed ? "FailIndex" : "FailJob")}
                    onExitCodes:
                      containerName: quantbuild
                      operator: In
                      values: [1, 2]
                  - action: Ignore
                    onPodConditions:
                      - type: DisruptionTarget
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: quantbuild
                      image: {ClusterFile.YamlString(image)}
                      command: ["sh", "-c", {ClusterFile.YamlString("exec " + command)}]
                      envFrom:
                        - secretRef:
                            name: quantbuild-remote
                            optional: true
            {gpu}
            """.ReplaceLineEndings("\n");
    }
}
