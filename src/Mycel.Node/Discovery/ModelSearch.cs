using System.Collections.Concurrent;
using System.Threading.Channels;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Node.Routing;
using Mycel.Transport;

namespace Mycel.Node.Discovery;

/// <summary>One search for a model: the nodes that are said to have it are dialled, a few at a time, until one of them is linked and offers it.</summary>
internal sealed class ModelSearch(string model, PeerBook peers, ILinks links, ModelCatalog catalog, TimeProvider time)
{
    /// <summary>Nodes dialled in all: what is found may be made up.</summary>
    public const int MaxDials = 8;

    /// <summary>Nodes dialled side by side.</summary>
    public const int DialsAtOnce = 3;

    /// <summary>How long a node that is linked has to show what it offers.</summary>
    private static readonly TimeSpan GreetingTime = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private readonly Channel<FoundProvider> _providers = Channel.CreateBounded<FoundProvider>(new BoundedChannelOptions(MaxDials) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<PeerId, bool> _tried = new();
    private int _dials;

    /// <summary>Nodes dialled so far.</summary>
    public int Dials => Math.Min(MaxDials, Volatile.Read(ref _dials));

    private bool IsHere => catalog.Find(model) is not null;

    /// <summary>A node is said to have it; never blocks.</summary>
    public void Offer(FoundProvider provider)
    {
        if (_tried.Count < MaxDials && _tried.TryAdd(provider.Peer, true)) _providers.Writer.TryWrite(provider);
    }

    /// <summary>Dials until the model is here, or all were tried.</summary>
    /// <param name="looking">Ends when no further node will be offered.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<bool> RunAsync(Task looking, CancellationToken cancellation)
    {
        var here = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        catalog.Changed += Look;
        try
        {
            Look();
            var dialling = Task.WhenAll(Enumerable.Range(0, DialsAtOnce).Select(_ => DialAsync(here.Task, cancellation)));
            _ = CompleteAsync(looking);
            await Task.WhenAny(here.Task, dialling).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
        finally
        {
            catalog.Changed -= Look;
            _providers.Writer.TryComplete();
        }

        return IsHere;

        void Look()
        {
            if (IsHere) here.TrySetResult();
        }
    }

    private async Task CompleteAsync(Task looking)
    {
        await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _providers.Writer.TryComplete();
    }

    private async Task DialAsync(Task here, CancellationToken cancellation)
    {
        while (await _providers.Reader.WaitToReadAsync(cancellation))
        {
            while (!here.IsCompleted && _providers.Reader.TryRead(out var provider))
            {
                Interlocked.Increment(ref _dials);
                try
                {
                    await TryAsync(provider, here, cancellation);
                }
                catch (Exception unreached) when (unreached is LinkException or TransportException)
                {
                    // Another may be there.
                }
            }

            if (here.IsCompleted) return;
        }
    }

    /// <summary>Links with a node, and waits until it has shown what it offers.</summary>
    private async Task TryAsync(FoundProvider provider, Task here, CancellationToken cancellation)
    {
        if (provider.IsFromTable) peers.Found.Tell(provider.Peer, provider.Addresses, provider.Network);
        await links.ConnectAsync(provider.Peer, provider.Addresses, cancellation);
        var since = time.GetTimestamp();
        while (!here.IsCompleted && time.GetElapsedTime(since) < GreetingTime)
        {
            // The catalogue follows the peer's record by a moment.
            if (peers.Find(provider.Peer) is { IsGreeted: true, Record: { } record } && record.Models.All(offer => offer.Name != model)) return;
            await Task.Delay(LookEvery, time, cancellation);
        }
    }
}
