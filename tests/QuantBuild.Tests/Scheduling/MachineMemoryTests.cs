using QuantBuild.Compiler.Scheduling;

namespace QuantBuild.Tests.Scheduling;

public sealed class MachineMemoryTests : IDisposable
{
    private const long MiB = 1 << 20;
    private readonly string _root = Path.Combine(Path.GetTempPath(), "quantbuild-tests", Guid.NewGuid().ToString("N"));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Without_control_groups_the_machine_is_what_counts()
    {
        Machine("MemTotal:       24614980 kB\nMemFree:  100 kB\nMemAvailable:   20000000 kB\n");

        Assert.Equal(new MachineMemory(24614980L * 1024, 20000000L * 1024), MachineMemory.ReadLinux(_root));
    }

    [Fact]
    public void A_container_of_version_2_limits_both_and_its_file_pages_count_as_free()
    {
        Machine("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n");
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/memory.max", $"{1024 * MiB}\n");
        Write("sys/fs/cgroup/memory.high", "max\n");
        Write("sys/fs/cgroup/memory.current", $"{900 * MiB}\n");
        Write("sys/fs/cgroup/memory.stat", $"anon {300 * MiB}\ninactive_file {500 * MiB}\n");

        Assert.Equal(new MachineMemory(1024 * MiB, 624 * MiB), MachineMemory.ReadLinux(_root));
    }

    [Fact]
    public void The_tightest_of_the_groups_above_counts()
    {
        Machine("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n");
        Write("proc/self/cgroup", "1:name=systemd:/a\n0::/outer/inner\n");
        Write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
        Write("sys/fs/cgroup/outer/inner/memory.current", "1\n");
        Write("sys/fs/cgroup/outer/memory.max", $"{2048 * MiB}\n");
        Write("sys/fs/cgroup/outer/memory.high", $"{512 * MiB}\n");
        Write("sys/fs/cgroup/outer/memory.current", $"{100 * MiB}\n");

        Assert.Equal(new MachineMemory(512 * MiB, 412 * MiB), MachineMemory.ReadLinux(_root));
    }

    [Fact]
    public void A_container_of_version_1_is_found_at_the_top_of_its_hierarchy()
    {
        Machine("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n");
        Write("proc/self/cgroup", "11:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", $"{3000 * MiB}\n");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", $"{2900 * MiB}\n");
        Write("sys/fs/cgroup/memory/memory.stat", $"inactive_file 5\ntotal_inactive_file {1000 * MiB}\n");

        Assert.Equal(new MachineMemory(3000 * MiB, 1100 * MiB), MachineMemory.ReadLinux(_root));
    }

    [Fact]
    public void Groups_of_version_1_without_a_limit_and_numbers_that_mean_nothing_limit_nothing()
    {
        Machine("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n");
        Write("proc/self/cgroup", "4:cpu,memory:/a\nnonsense\n0::/b\n");
        Write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
        Write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "4096\n");
        Write("sys/fs/cgroup/b/memory.max", "a lot\n");
        Write("sys/fs/cgroup/b/memory.current", "4096\n");

        Assert.Equal(new MachineMemory(8388608L * 1024, 6291456L * 1024), MachineMemory.ReadLinux(_root));
    }

    [Fact]
    public void The_tightest_group_of_version_1_counts_wherever_it_is()
    {
        Machine("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n");
        Write("proc/self/cgroup", "4:memory:/outer/inner\n0::/\n");
        Write("sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes", $"{3000 * MiB}\n");
        Write("sys/fs/cgroup/memory/outer/inner/memory.usage_in_bytes", $"{100 * MiB}\n");
        Write("sys/fs/cgroup/memory/outer/memory.limit_in_bytes", $"{2000 * MiB}\n");
        Write("sys/fs/cgroup/memory/outer/memory.usage_in_bytes", $"{1500 * MiB}\n");

        Assert.Equal(new MachineMemory(2000 * MiB, 500 * MiB), MachineMemory.ReadLinux(_root));
    }

    [Fact]
    public void A_group_above_its_limit_has_nothing_left()
    {
        Machine("MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\n");
        Write("proc/self/cgroup", "0::/a\n");
        Write("sys/fs/cgroup/a/memory.max", "max\n");
        Write("sys/fs/cgroup/a/memory.high", $"{100 * MiB}\n");
        Write("sys/fs/cgroup/a/memory.current", $"{150 * MiB}\n");

        Assert.Equal(new MachineMemory(100 * MiB, 0), MachineMemory.ReadLinux(_root));
    }

    [Fact]
    public void This_machine_has_memory()
    {
        Directory.CreateDirectory(_root);
        MachineMemory memory = MachineMemory.Read();

        Assert.InRange(memory.Available, 1, memory.Total);
    }

    private void Machine(string meminfo) => Write("proc/meminfo", meminfo);

    private void Write(string path, string text)
    {
        string full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
