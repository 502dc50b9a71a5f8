using System.Globalization;

namespace QuantBuild.Compiler.Clusters;

/// <summary>Workflows whose jobs share a build: a matrix of GitHub Actions, parallel jobs of Azure Pipelines.</summary>
internal static class MatrixWorkflows
{
    /// <summary>Jobs of one matrix on GitHub at most.</summary>
    public const int MostOnGitHub = 256;

    /// <summary>A workflow of GitHub Actions; its path is <c>.github/workflows</c>.</summary>
    public static ClusterFile GitHub(ClusterBuild build)
    {
        string shards = string.Join(", ", Enumerable.Range(0, build.Shards).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        string Jobs(string phase, string needs) => $$$"""
              {{{phase}}}:
            {{{needs}}}    runs-on: {{{(build.Gpus ? "[self-hosted, gpu]" : "ubuntu-latest")}}}
                strategy:
                  matrix:
                    shard: [{{{shards}}}]
                steps:
                  - uses: actions/checkout@v4
                  - uses: actions/setup-dotnet@v4
                    with:
                      dotnet-version: 10.0.x
                  - run: dotnet tool restore
                  - run: |
                      {{{build.Work(phase, "${{ matrix.shard }}")}}}

            """;
        return new ClusterFile("quantbuild.yml", ($$$"""
            # Builds {{{build.Manifest}}} on {{{build.Shards}}} runners. The secret QUANTBUILD_REMOTE_AUTHORIZATION and the variable
            # QUANTBUILD_REMOTE name the shared store; pull requests from forks get no secret and only read it.
            name: model

            on:
              push:
                branches: [main]
              pull_request:
              workflow_dispatch:

            permissions:
              contents: read

            env:
              QUANTBUILD_REMOTE: ${{ vars.QUANTBUILD_REMOTE }}
              QUANTBUILD_REMOTE_AUTHORIZATION: ${{ secrets.QUANTBUILD_REMOTE_AUTHORIZATION }}
              QUANTBUILD_REMOTE_READ_ONLY: ${{ github.event.pull_request.head.repo.fork && '1' || '0' }}

            jobs:

            """ + Jobs("calibrate", "") + Jobs("layers", "    needs: calibrate\n") + $$$"""
              pack:
                needs: layers
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - uses: actions/setup-dotnet@v4
                    with:
                      dotnet-version: 10.0.x
                  - run: dotnet tool restore
                  - run: |
                      {{{build.Pack}}}
                  - uses: actions/upload-artifact@v4
                    with:
                      name: model
                      path: {{{ClusterFile.YamlString(build.Artifact)}}}

            """).ReplaceLineEndings("\n"));
    }

    /// <summary>A pipeline of Azure Pipelines.</summary>
    public static ClusterFile Azure(ClusterBuild build)
    {
        string count = build.Shards.ToString(CultureInfo.InvariantCulture);
        string Jobs(string phase, string needs) => $"""
              - job: {phase}
            {needs}    pool:
                  {(build.Gpus ? "name: gpu" : "vmImage: ubuntu-latest")}
                strategy:
                  parallel: {count}
                steps:
                  - task: UseDotNet@2
                    inputs:
                      version: 10.0.x
                  - script: dotnet tool restore
                  - script: |
                      {build.Work(phase, "$((SYSTEM_JOBPOSITIONINPHASE - 1))")}
                    env:
                      QUANTBUILD_REMOTE_AUTHORIZATION: $(QUANTBUILD_REMOTE_AUTHORIZATION)

            """;
        return new ClusterFile("quantbuild.azure.yml", ($"""
            # Builds {build.Manifest} on {count} agents. The variable QUANTBUILD_REMOTE and the secret variable
            # QUANTBUILD_REMOTE_AUTHORIZATION of the pipeline name the shared store.
            trigger:
              branches:
                include: [main]

            jobs:

            """ + Jobs("calibrate", "") + Jobs("layers", "    dependsOn: calibrate\n") + $"""
              - job: pack
                dependsOn: layers
                pool:
                  vmImage: ubuntu-latest
                steps:
                  - task: UseDotNet@2
                    inputs:
                      version: 10.0.x
                  - script: dotnet tool restore
                  - script: |
                      {build.Pack}
                    env:
                      QUANTBUILD_REMOTE_AUTHORIZATION: $(QUANTBUILD_REMOTE_AUTHORIZATION)
                  - publish: {ClusterFile.YamlString(build.Artifact)}
                    artifact: model

            """).ReplaceLineEndings("\n"));
    }
}
