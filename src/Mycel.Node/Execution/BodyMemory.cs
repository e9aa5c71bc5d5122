using Mycel.Node.Configuration;

namespace Mycel.Node.Execution;

/// <summary>The bound on the memory of all request bodies together.</summary>
internal sealed class BodyMemory(IOptionsSource options)
{
    private long _used;

    public bool TryCharge(int bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= options.Current.Api.BodyMemoryMegabytes * 1024L * 1024L) return true;
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    public void Release(int bytes) => Interlocked.Add(ref _used, -bytes);
}
