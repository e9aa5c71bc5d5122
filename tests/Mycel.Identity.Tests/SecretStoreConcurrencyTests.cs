namespace Mycel.Identity.Tests;

public sealed class SecretStoreConcurrencyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.Of("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Writers_in_several_processes_lose_nothing()
    {
        ChildProcess[] children = [.. Enumerable.Range(0, 4).Select(i => ChildProcess.Start("set", _folder.Path, $"p{i}", "12"))];
        try
        {
            ChildProcess.Go(_folder.Path);
            await Task.WhenAll(children.Select(child => child.ResultAsync()));
        }
        finally
        {
            Array.ForEach(children, child => child.Dispose());
        }

        using DeviceKey key = DeviceKey.LoadOrCreate(Data);
        using var store = new SecretStore(Data, key, TimeProvider.System);
        Assert.Equal(48, store.List().Count);
        Assert.All(store.List(), secret => Assert.Equal($"value of {secret.Name}", store.Get(secret.Name)));
    }

    [Fact]
    public async Task Writers_in_several_threads_and_stores_lose_nothing()
    {
        using DeviceKey key = DeviceKey.LoadOrCreate(Data);
        using var first = new SecretStore(Data, key, TimeProvider.System);
        using var second = new SecretStore(Data, key, TimeProvider.System);
        using var gate = new Barrier(4);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Factory.StartNew(
            () =>
            {
                SecretStore store = thread % 2 == 0 ? first : second;
                gate.SignalAndWait();
                for (int i = 0; i < 10; i++)
                {
                    store.Set($"t{thread}-{i}", "value");
                    store.Set($"t{thread}-passing", "value");
                    Assert.True(store.Remove($"t{thread}-passing"));
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.Equal(40, first.List().Count);
        Assert.DoesNotContain(first.List(), secret => secret.Damaged);
    }

    [Fact]
    public async Task A_writer_killed_at_any_moment_leaves_a_whole_store_and_no_lock()
    {
        using DeviceKey key = DeviceKey.LoadOrCreate(Data);
        using var store = new SecretStore(Data, key, TimeProvider.System);
        ChildProcess.Go(_folder.Path);
        for (int round = 0; round < 3; round++)
        {
            using ChildProcess child = ChildProcess.Start("set", _folder.Path, $"round{round}", "100000");
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (!store.List().Any(secret => secret.Name == $"round{round}-{5 + round}"))
                await Task.Delay(5, deadline.Token);
            child.Kill();

            store.Set("after", $"kill {round}");
            Assert.DoesNotContain(store.List(), secret => secret.Damaged);
            Assert.Equal($"kill {round}", store.Get("after"));
        }
    }
}
