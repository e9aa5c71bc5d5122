using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Dht;
using Mycel.Identity;
using Mycel.Node.Discovery;

namespace Mycel.Node.Tests.Discovery;

/// <summary>The one loop that the table runs on.</summary>
public sealed class TableLoopTests : IAsyncDisposable
{
    private readonly DeviceKey _device = Devices.New();
    private readonly DhtContact _anyone;
    private readonly TableLoop _loop;
    private int _turns;

    public TableLoopTests()
    {
        var node = new DhtNode(_device.PeerId, new DhtOptions(), new Nowhere(), TimeProvider.System, new SystemRandomness());
        _anyone = new DhtContact(Devices.NewId(), DhtAddress.From(new IPEndPoint(IPAddress.Loopback, 9)));
        _loop = new TableLoop(node, _ => Interlocked.Increment(ref _turns), TimeProvider.System, NullLogger.Instance);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_that_come_faster_than_they_are_read_are_dropped_beyond_a_bound()
    {
        using var held = new ManualResetEventSlim();
        _loop.Post(_ => held.Wait());
        for (var i = 0; i < TableLoop.MaxWaiting + 10; i++) _loop.Receive(_anyone, new byte[] { 1 }, isProven: false);
        held.Set();

        var statistics = await _loop.AskAsync(node => node.GetStatistics(), Cancellation);

        Assert.Equal(10, _loop.Dropped);
        Assert.Equal(TableLoop.MaxWaiting, statistics.MessagesDropped);
        // There is room again.
        _loop.Receive(_anyone, new byte[] { 1 }, isProven: false);
        Assert.Equal(TableLoop.MaxWaiting + 1, (await _loop.AskAsync(node => node.GetStatistics(), Cancellation)).MessagesDropped);
    }

    [Fact]
    public async Task Work_that_fails_leaves_the_rest_alone()
    {
        _loop.Post(_ => throw new InvalidOperationException("a test"));

        Assert.Equal(0, await _loop.AskAsync(node => node.ContactCount, Cancellation));
    }

    [Fact]
    public async Task It_sleeps_while_nothing_is_to_do()
    {
        await _loop.AskAsync(node => node.ContactCount, Cancellation);
        await Until.TrueAsync(() => Volatile.Read(ref _turns) > 0, "the first turn");
        await Task.Delay(50, Cancellation);
        var before = Volatile.Read(ref _turns);
        await Task.Delay(100, Cancellation);

        Assert.InRange(Volatile.Read(ref _turns) - before, 0, 1);
    }

    [Fact]
    public async Task What_is_asked_after_its_end_is_cancelled()
    {
        await _loop.DisposeAsync();

        _loop.Receive(_anyone, new byte[] { 1 }, isProven: false);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loop.AskAsync(node => node.ContactCount, Cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        _device.Dispose();
    }

    private sealed class Nowhere : IDhtNetwork
    {
        public void Send(DhtContact to, ReadOnlyMemory<byte> message)
        {
        }
    }
}
