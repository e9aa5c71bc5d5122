using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Networks;

/// <summary>Greets the peers that this node dialled, and those that should learn of a change. Safe for use from several threads.</summary>
internal sealed class Greeter : IDisposable
{
    /// <summary>How long an exchange of greetings may take.</summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    /// <summary>Longest pause before a greeting that failed is tried again.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly Greetings _greetings;
    private readonly RecordPublisher _publisher;
    private readonly PeerBook _peers;
    private readonly ILinks _links;
    private readonly TimeProvider _time;
    private readonly ILogger<Greeter> _log;
    private readonly ConcurrentDictionary<PeerId, int> _rounds = new();
    private readonly ConditionalWeakTable<Link, SemaphoreSlim> _turns = [];
    private readonly CancellationTokenSource _stop = new();

    public Greeter(Greetings greetings, RecordPublisher publisher, PeerBook peers, ILinks links, TimeProvider time, ILogger<Greeter> log)
    {
        _greetings = greetings;
        _publisher = publisher;
        _peers = peers;
        _links = links;
        _time = time;
        _log = log;
    }

    /// <summary>A peer that greeted back proved nothing that would let the two nodes work together.</summary>
    public event Action<Link>? Useless;

    /// <summary>Greets every linked peer again: this node's networks changed.</summary>
    public void GreetAllAnew()
    {
        foreach (var link in _links.All) GreetAnew(link);
    }

    /// <summary>Greets a peer, soon and until it works or the link ends; a round that is under way is begun again.</summary>
    public void GreetAnew(Link link)
    {
        if (_rounds.AddOrUpdate(link.Id, 1, (_, round) => round + 1) == 1) _ = RunAsync(link);
    }

    /// <summary>Greets a peer once.</summary>
    /// <returns>Whether it may ask this node for anything.</returns>
    /// <exception cref="TransportException">The link has ended.</exception>
    /// <exception cref="FrameException">The answer is no greeting.</exception>
    /// <exception cref="RefusedException">It refuses.</exception>
    /// <exception cref="StatementException">The answer is out of bounds.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<bool> GreetAsync(Link link, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(AnswerTime, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token, _stop.Token);
        var turn = _turns.GetValue(link, _ => new SemaphoreSlim(1));
        var hasTurn = false;
        try
        {
            // One after the other: the latest counts, and must be the last to arrive.
            await turn.WaitAsync(both.Token);
            hasTurn = true;
            var greeting = _greetings.Open(link.Peer, link.ObservedAddress);
            await using var stream = await link.OpenAsync(new StreamHeader { Version = 1, Kind = Kind.Greeting, DeadlineMs = (uint)AnswerTime.TotalMilliseconds }, both.Token);
            stream.Write(greeting);
            await stream.Writer.FlushAsync(end: true, both.Token);
            var answer = await stream.ReadMessageAsync(Greeting.Parser, both.Token) ?? throw new FrameException("The answer to the greeting is empty.");
            var workedAt = link is { IsDialled: true, Carrier: Carrier.Quic, RemoteEndPoint: { } address } ? address.ToString() : "";
            var isMember = _greetings.Take(link.Peer, answer, workedAt, isAnswer: true, greeting.Networks);
            if (isMember && answer.ObservedAddress.Length is > 0 and <= LinkAddress.MaxLength) _links.Observe(answer.ObservedAddress);
            if (isMember)
            {
                NetworkLog.Greeted(_log, link.Peer.Certificate.DeviceName, link.Id, answer.Networks.Count);
                _publisher.Start(link);
            }

            return isMember;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"The greeting was not answered in {AnswerTime.TotalSeconds:N0} s.");
        }
        finally
        {
            if (hasTurn) turn.Release();
        }
    }

    /// <summary>Ends what is under way.</summary>
    public void Dispose() => _stop.Cancel();

    private async Task RunAsync(Link link)
    {
        var pause = FirstPause;
        try
        {
            while (!link.Closed.IsCompleted && !_stop.IsCancellationRequested)
            {
                var round = _rounds.GetValueOrDefault(link.Id);
                if (await TryAsync(link, isFirst: pause == FirstPause))
                {
                    if (_rounds.TryRemove(KeyValuePair.Create(link.Id, round))) return;
                    continue;
                }

                await Task.WhenAny(link.Closed, Task.Delay(pause, _time, _stop.Token));
                pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
            }
        }
        catch (ObjectDisposedException)
        {
            // The node stops.
        }

        _rounds.TryRemove(link.Id, out _);
    }

    private async Task<bool> TryAsync(Link link, bool isFirst)
    {
        try
        {
            // Nothing to show: a guest that joins, who greets once it is a member.
            if (_peers.KnownFrom(link.Peer).Count == 0 && !_peers.IsOwnAccount(link.Peer.AccountId)) return true;
            if (!await GreetAsync(link, _stop.Token)) Useless?.Invoke(link);
            return true;
        }
        catch (Exception error) when (error is TransportException or FrameException or RefusedException or StatementException or TimeoutException or OperationCanceledException)
        {
            if (!link.Closed.IsCompleted) NetworkLog.GreetingFailed(_log, isFirst ? LogLevel.Warning : LogLevel.Debug, link.Id, error.Message);
            return false;
        }
        catch (Exception error) when (error is not ObjectDisposedException)
        {
            NetworkLog.Failed(_log, error);
            return false;
        }
    }
}
