using System.Globalization;

namespace Mycel.Llama.Gguf;

/// <summary>
/// Memory of this machine, or of the container this program runs in. Linux tells it under <c>/proc</c> and <c>/sys/fs/cgroup</c>; elsewhere .NET's own
/// figures serve.
/// </summary>
/// <param name="root">Folder that holds <c>proc</c> and <c>sys</c>.</param>
public sealed class MachineMemory(string root = "/")
{
    /// <summary>Longest control group file that is read.</summary>
    private const int MaxFileChars = 256 << 10;

    /// <summary>Bytes that programs may still take before something has to give: the file cache counts as free.</summary>
    public long ReadAvailableBytes()
    {
        long? free = Meminfo("MemAvailable");
        foreach ((long limit, long used) in Groups())
            free = Math.Min(free ?? long.MaxValue, Math.Max(0, limit - used));
        if (free is { } bytes)
            return bytes;
        GCMemoryInfo info = GC.GetGCMemoryInfo();
        return Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes);
    }

    /// <summary>Bytes there are at all: the machine's, or the container's limit where that is lower.</summary>
    public long ReadTotalBytes()
    {
        long? total = Meminfo("MemTotal");
        foreach ((long limit, _) in Groups())
            total = Math.Min(total ?? long.MaxValue, limit);
        return total ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    private long? Meminfo(string key) => Field(Read("proc/meminfo"), key + ":") is { } kilobytes ? kilobytes * 1024 : null;

    /// <summary>Limit and use of this process' control groups and those above them that have a limit.</summary>
    private List<(long Limit, long Used)> Groups()
    {
        List<(long, long)> groups = [];
        foreach (string line in (Read("proc/self/cgroup") ?? "").Split('\n'))
        {
            // "0::/path" is version 2; "5:memory:/path" is version 1.
            string[] parts = line.Split(':', 3);
            if (parts.Length < 3)
                continue;
            if (parts[0] == "0" && parts[1].Length == 0)
                Climb("sys/fs/cgroup", parts[2], "memory.max", "memory.current", "inactive_file", groups);
            else if (parts[1].Split(',').Contains("memory"))
                Climb("sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", groups);
        }
        return groups;
    }

    /// <summary>A container may see its own group as the top of the tree, whatever <c>/proc/self/cgroup</c> says: missing folders are passed over.</summary>
    private void Climb(string mount, string group, string limitFile, string usedFile, string reclaimable, List<(long, long)> groups)
    {
        string[] names = group.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (names.Contains(".."))
            names = [];
        for (int depth = names.Length; depth >= 0; depth--)
        {
            string folder = string.Join('/', [mount, .. names.Take(depth)]);
            // Without a limit the file says "max" (version 2) or a number beyond any memory (version 1).
            if (!long.TryParse(Read($"{folder}/{limitFile}")?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long limit) || limit >= long.MaxValue / 2)
                continue;
            if (!long.TryParse(Read($"{folder}/{usedFile}")?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long used))
                used = 0;
            long cache = Field(Read($"{folder}/memory.stat"), reclaimable) ?? 0;
            groups.Add((limit, Math.Max(0, used - cache)));
        }
    }

    private string? Read(string relative)
    {
        try
        {
            using StreamReader reader = new(Path.Combine(root, relative));
            char[] text = new char[MaxFileChars];
            return new string(text, 0, reader.ReadBlock(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? Field(string? text, string key)
    {
        foreach (string line in (text ?? "").Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0] == key && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                return value;
        }
        return null;
    }
}
