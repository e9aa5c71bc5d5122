using System.Diagnostics;

namespace Mycel.Identity;

/// <summary>
/// Mutual exclusion between processes, and between threads of one, by an exclusively opened lock file. The system frees it
/// when the holder ends, however it ends. The lock file stays behind: deleting it would let two holders in.
/// </summary>
public sealed class FileLock : IDisposable
{
    /// <summary>Longest wait for another holder, in seconds. Holders write one small file, which takes milliseconds.</summary>
    public const int WaitLimitSeconds = 15;

    private const int RetryMilliseconds = 3;

    // What open reports for a file that another holder has: EWOULDBLOCK on Linux and on macOS, ERROR_SHARING_VIOLATION on Windows.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private readonly FileStream _stream;

    private FileLock(FileStream stream) => _stream = stream;

    /// <summary>Waits until this caller alone holds the lock. Blocks the calling thread.</summary>
    /// <param name="path">The lock file, such as <c>secrets.json.lock</c>; created with mode 0600 when absent. Its folder must exist.</param>
    /// <param name="waitLimit">Longest wait; null is <see cref="WaitLimitSeconds"/>.</param>
    /// <exception cref="IdentityException">Another holder kept it for longer than the wait limit.</exception>
    /// <exception cref="IOException">The lock file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The lock file belongs to another user.</exception>
    public static FileLock Acquire(string path, TimeSpan? waitLimit = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TimeSpan limit = waitLimit ?? TimeSpan.FromSeconds(WaitLimitSeconds);
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = AtomicFile.PrivateMode;
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileLock(new FileStream(path, options));
            }
            catch (IOException held) when (IsHeld(held))
            {
                if (Stopwatch.GetElapsedTime(start) >= limit)
                {
                    throw new IdentityException(
                        $"Another process has held {path} for {limit.TotalSeconds:0.#} s. "
                        + "See whether a mycel process hangs (stopped, or on a disk that does not answer), end it, then try again.",
                        held);
                }
            }

            Thread.Sleep(RetryMilliseconds);
        }
    }

    /// <summary>Frees the lock.</summary>
    public void Dispose() => _stream.Dispose();

    private static bool IsHeld(IOException error)
        => error.HResult is WindowsSharingViolation
            || (OperatingSystem.IsLinux() && error.HResult == LinuxWouldBlock)
            || (OperatingSystem.IsMacOS() && error.HResult == MacWouldBlock);
}
