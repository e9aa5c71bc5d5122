using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Transport;

namespace Mycel.Node.Links;

/// <summary>Dials a peer: all its addresses, one shortly after the other, the best carriers first, and takes the first that answers.</summary>
internal sealed class LinkDialer(LinkManager links, LinkCredentials credentials, TimeProvider time)
{
    /// <summary>Time that an address has before the next is tried beside it (RFC 8305 has the same for TCP).</summary>
    private static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    /// <summary>The head start of a better carrier.</summary>
    private static readonly TimeSpan CarrierStagger = TimeSpan.FromMilliseconds(1500);

    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(12);

    private readonly ConcurrentDictionary<PeerId, Task<Link>> _dialling = new();
    private readonly List<ICarrierDialer> _dialers = [];
    private readonly List<IDetours> _detours = [];

    public void Add(ICarrierDialer dialer)
    {
        lock (_dialers) _dialers.Add(dialer);
    }

    public void Add(IDetours detours)
    {
        lock (_dialers) _detours.Add(detours);
    }

    /// <summary>Dials; who asks for the same peer meanwhile gets the same attempt.</summary>
    /// <exception cref="LinkException">None of the addresses leads to it.</exception>
    public Task<Link> DialAsync(PeerId peer, IReadOnlyList<string> addresses, CancellationToken cancellation)
    {
        var own = new TaskCompletionSource<Link>(TaskCreationOptions.RunContinuationsAsynchronously);
        var dialling = _dialling.GetOrAdd(peer, own.Task);
        if (dialling == own.Task) _ = RunAsync();
        return dialling.WaitAsync(cancellation);

        async Task RunAsync()
        {
            try
            {
                own.SetResult(await DialAllAsync(peer, addresses));
            }
            catch (Exception error)
            {
                own.SetException(error);
                _ = own.Task.Exception;
            }
            finally
            {
                _dialling.TryRemove(peer, out _);
            }
        }
    }

    /// <summary>Tries the carriers better than the one that a link has. Whether one of them led there shows in <see cref="Link.Carrier"/>.</summary>
    public async Task DialBetterAsync(Link link, IReadOnlyList<string> addresses, CancellationToken cancellation)
    {
        var plan = PlanFor(link.Id, addresses, better: link.Carrier);
        using var limit = new CancellationTokenSource(AttemptTimeout, time);
        using var won = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var attempts = plan.Select(p => AttemptAsync(p.Dialer, p.Address, link.Id, p.Delay, won.Token)).ToList();
        while (attempts.Count > 0)
        {
            var next = await Task.WhenAny(attempts);
            attempts.Remove(next);
            if ((await next).Link is not null) await won.CancelAsync();
        }
    }

    private async Task<Link> DialAllAsync(PeerId peer, IReadOnlyList<string> addresses)
    {
        var plan = PlanFor(peer, addresses);
        if (plan.Count == 0)
            throw new LinkException(addresses.Count == 0 ? "No address of it is known." : $"None of its addresses can be used from here ({string.Join(", ", addresses)}): QUIC is not to be had on this machine, or switched off.");
        using var won = new CancellationTokenSource(AttemptTimeout, time);
        var attempts = plan.Select(p => AttemptAsync(p.Dialer, p.Address, peer, p.Delay, won.Token)).ToList();
        var failures = new List<string>();
        Link? link = null;
        while (attempts.Count > 0)
        {
            var next = await Task.WhenAny(attempts);
            attempts.Remove(next);
            var (made, failure) = await next;
            if (made is null)
            {
                if (failure is not null) failures.Add(failure);
                // The peer may have dialled this node meanwhile.
                link ??= links.Find(peer);
                if (link is null) continue;
            }
            link ??= made;
            await won.CancelAsync();
        }
        return link ?? links.Find(peer) ?? throw new LinkException(string.Join("; ", failures.Distinct(StringComparer.Ordinal)));
    }

    private sealed record Step(ICarrierDialer Dialer, string Address, TimeSpan Delay);

    private List<Step> PlanFor(PeerId peer, IReadOnlyList<string> addresses, Carrier? better = null)
    {
        List<ICarrierDialer> dialers;
        List<string> all;
        lock (_dialers)
        {
            dialers = [.. _dialers.Where(d => better is not { } than || d.Carrier < than).OrderBy(d => d.Carrier)];
            all = [.. addresses, .. _detours.SelectMany(d => d.To(peer))];
        }
        var plan = new List<Step>();
        var delay = TimeSpan.Zero;
        foreach (var dialer in dialers)
        {
            var its = all.Where(dialer.CanDial).Distinct(StringComparer.Ordinal).Take(LinkAddress.MaxCount).ToList();
            foreach (var (address, i) in its.Select((a, i) => (a, i))) plan.Add(new Step(dialer, address, delay + i * Stagger));
            if (its.Count > 0) delay += CarrierStagger;
        }
        return plan;
    }

    private async Task<(Link? Link, string? Failure)> AttemptAsync(ICarrierDialer dialer, string address, PeerId peer, TimeSpan delay, CancellationToken cancellation)
    {
        try
        {
            if (delay > TimeSpan.Zero) await Task.Delay(delay, time, cancellation);
            var connection = await dialer.DialAsync(address, peer, cancellation);
            var found = PeerOf(connection);
            if (found == peer && !cancellation.IsCancellationRequested)
            {
                var link = links.AddConnection(connection, dialer.Carrier, isDialled: true);
                return (link, link is null ? "this node has as many links as it may (links.max_links)" : null);
            }
            await connection.CloseAsync((long)LinkError.NotWanted, "another node was looked for");
            await connection.DisposeAsync();
            if (found is null) return (null, $"{address}: the certificate of the node there has run out");
            return (null, found == peer ? null : $"{address}: another node answers there ({found})");
        }
        catch (OperationCanceledException)
        {
            return (null, $"{address}: no answer");
        }
        catch (Exception failed) when (failed is TransportException or LinkException or PlatformNotSupportedException)
        {
            return (null, $"{address}: {failed.Message}");
        }
        catch (ObjectDisposedException)
        {
            return (null, "the node stops");
        }
    }

    private PeerId? PeerOf(ITransportConnection connection)
    {
        try
        {
            return credentials.PeerOf(connection).PeerId;
        }
        catch (StatementException)
        {
            return null;
        }
    }
}
