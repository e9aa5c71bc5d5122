using Mycel.Llama.Gguf;

namespace Mycel.Llama.Tests.Gguf;

public sealed class MachineMemoryTests : IDisposable
{
    private const long GiB = 1 << 30;

    private readonly Folder _folder = new();

    public MachineMemoryTests() => _folder.File("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:          100000 kB\nMemAvailable:    8388608 kB\n");

    public void Dispose() => _folder.Dispose();

    private (long Available, long Total) Read()
    {
        MachineMemory memory = new(_folder[""]);
        return (memory.ReadAvailableBytes(), memory.ReadTotalBytes());
    }

    [Fact]
    public void Without_groups_the_machine_counts() => Assert.Equal((8 * GiB, 16 * GiB), Read());

    [Fact]
    public void A_limit_of_version_2_counts_less_what_is_used_but_not_the_file_cache()
    {
        _folder.File("proc/self/cgroup", "0::/app.slice/mycel\n");
        _folder.File("sys/fs/cgroup/app.slice/mycel/memory.max", $"{4 * GiB}\n");
        _folder.File("sys/fs/cgroup/app.slice/mycel/memory.current", $"{3 * GiB}\n");
        _folder.File("sys/fs/cgroup/app.slice/mycel/memory.stat", $"anon 1\nfile 5\ninactive_file {2 * GiB}\n");
        Assert.Equal((3 * GiB, 4 * GiB), Read());
        _folder.File("sys/fs/cgroup/app.slice/memory.max", $"{2 * GiB}\n");
        _folder.File("sys/fs/cgroup/app.slice/memory.current", $"{GiB}\n");
        Assert.Equal((GiB, 2 * GiB), Read());
    }

    [Fact]
    public void No_limit_is_no_limit()
    {
        _folder.File("proc/self/cgroup", "0::/mycel\n");
        _folder.File("sys/fs/cgroup/mycel/memory.max", "max\n");
        Assert.Equal((8 * GiB, 16 * GiB), Read());
    }

    [Fact]
    public void A_container_that_sees_only_its_own_group()
    {
        _folder.File("proc/self/cgroup", "0::/../../docker/abc\n");
        _folder.File("sys/fs/cgroup/memory.max", $"{GiB}\n");
        _folder.File("sys/fs/cgroup/memory.current", "0\n");
        Assert.Equal((GiB, GiB), Read());
    }

    [Fact]
    public void A_limit_of_version_1()
    {
        _folder.File("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n");
        _folder.File("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", $"{2 * GiB}\n");
        _folder.File("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", $"{GiB}\n");
        _folder.File("sys/fs/cgroup/memory/docker/abc/memory.stat", "total_inactive_file 4096\n");
        _folder.File("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.Equal((GiB + 4096, 2 * GiB), Read());
    }

    [Fact]
    public void More_used_than_allowed_leaves_nothing()
    {
        _folder.File("proc/self/cgroup", "0::/\n");
        _folder.File("sys/fs/cgroup/memory.max", "1000\n");
        _folder.File("sys/fs/cgroup/memory.current", "2000\n");
        Assert.Equal((0, 1000), Read());
    }

    [Fact]
    public void This_machine_has_memory()
    {
        MachineMemory memory = new();
        Assert.InRange(memory.ReadAvailableBytes(), 1 << 20, memory.ReadTotalBytes());
        MachineMemory nothing = new(_folder["nothing"]);
        Assert.InRange(nothing.ReadTotalBytes(), 1, long.MaxValue);
        Assert.InRange(nothing.ReadAvailableBytes(), 0, long.MaxValue);
    }
}
