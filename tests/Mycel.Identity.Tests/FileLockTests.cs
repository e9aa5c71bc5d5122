namespace Mycel.Identity.Tests;

public sealed class FileLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_holder_at_a_time()
    {
        string path = _folder.Of("x.lock");
        int inside = 0;
        int meetings = 0;
        using var gate = new Barrier(4);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                gate.SignalAndWait();
                for (int i = 0; i < 25; i++)
                {
                    using FileLock held = FileLock.Acquire(path);
                    if (Interlocked.Increment(ref inside) > 1)
                        Interlocked.Increment(ref meetings);
                    Thread.Sleep(1);
                    Interlocked.Decrement(ref inside);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.Equal(0, meetings);
    }

    [Fact]
    public void A_lock_that_stays_held_is_reported_with_its_path()
    {
        string path = _folder.Of("x.lock");
        using FileLock held = FileLock.Acquire(path);

        IdentityException error = Assert.Throws<IdentityException>(() => FileLock.Acquire(path, TimeSpan.FromMilliseconds(30)));

        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void A_freed_lock_can_be_taken_again()
    {
        string path = _folder.Of("x.lock");
        FileLock.Acquire(path).Dispose();
        FileLock.Acquire(path, TimeSpan.Zero).Dispose();

        Assert.True(File.Exists(path));
    }

    [Fact]
    public void A_lock_file_that_cannot_be_made_is_reported_at_once()
        => Assert.Throws<DirectoryNotFoundException>(() => FileLock.Acquire(_folder.Of("absent/x.lock")));
}
