namespace Mycel.Llama.Engine;

/// <summary>How many cores this process may compute on.</summary>
internal static class ProcessorCores
{
    /// <summary>Physical cores, at most as many as the process may use; the two threads of one core share what computing needs.</summary>
    public static int Physical()
    {
        try
        {
            var cores = new HashSet<string>(StringComparer.Ordinal);
            foreach (var cpu in Directory.EnumerateDirectories("/sys/devices/system/cpu", "cpu*"))
            {
                var topology = Path.Combine(cpu, "topology");
                if (!File.Exists(Path.Combine(topology, "core_id"))) continue;
                cores.Add(File.ReadAllText(Path.Combine(topology, "physical_package_id")).Trim() + ':' + File.ReadAllText(Path.Combine(topology, "core_id")).Trim());
            }
            if (cores.Count > 0) return Math.Min(cores.Count, Environment.ProcessorCount);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or a sandbox that hides it.
        }
        return Environment.ProcessorCount;
    }
}
