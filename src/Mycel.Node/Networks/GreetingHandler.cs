using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>Answers greetings.</summary>
internal sealed class GreetingHandler : IStreamHandler, IDisposable
{
    /// <summary>How long a peer has for its greeting to come whole.</summary>
    public static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(10);

    /// <summary>Greetings that are looked at at once: their signatures are what costs.</summary>
    public const int MaxAtOnce = 4;

    /// <summary>Greetings of one peer under way; further ones are refused.</summary>
    public const int MaxOfOne = 2;

    /// <summary>Greetings over one link in <see cref="Window"/>; further ones are refused.</summary>
    public const int MaxInWindow = 30;

    /// <summary>Over which greetings are counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Greetings _greetings;
    private readonly RecordPublisher _publisher;
    private readonly Action<string> _observe;
    private readonly TimeProvider _time;
    private readonly ILogger<GreetingHandler> _log;
    private readonly ConcurrentDictionary<PeerId, int> _busy = new();
    private readonly ConditionalWeakTable<Link, Rate> _rates = [];
    private readonly SemaphoreSlim _turns = new(MaxAtOnce);

    /// <param name="greetings">Decides.</param>
    /// <param name="publisher">Sends records to those that proved to belong here.</param>
    /// <param name="observe">Is told where a peer sees this node.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where new peers are told.</param>
    public GreetingHandler(Greetings greetings, RecordPublisher publisher, Action<string> observe, TimeProvider time, ILogger<GreetingHandler> log)
    {
        _greetings = greetings;
        _publisher = publisher;
        _observe = observe;
        _time = time;
        _log = log;
    }

    public Kind Kind => Kind.Greeting;

    public async Task HandleAsync(InboundStream stream)
    {
        var link = stream.Link;
        if (_busy.AddOrUpdate(link.Id, 1, (_, count) => count + 1) > MaxOfOne || !_rates.GetValue(link, _ => new Rate()).Allows(_time.GetUtcNow()))
        {
            Leave(link.Id);
            await stream.RefuseAsync(429, "busy", "This node was greeted by you just now. Wait a moment.", retryAfterSeconds: 1);
            return;
        }

        Greeting? greeting;
        bool isMember = false;
        string? wrong = null;
        try
        {
            using var limit = new CancellationTokenSource(ReadTime, _time);
            greeting = await stream.ReadMessageAsync(Greeting.Parser, limit.Token);
            if (greeting is null) wrong = "The greeting is empty.";
            else isMember = await JudgeAsync(link, greeting);
        }
        catch (StatementException refused)
        {
            NetworkLog.StatementRefused(_log, link.Id, refused.Message);
            (greeting, wrong) = (null, refused.Message);
        }
        finally
        {
            // Before it is answered: who has the answer may greet again at once.
            Leave(link.Id);
        }

        if (greeting is null) await stream.RefuseAsync(400, "protocol", wrong!);
        else await AnswerAsync(stream, greeting, isMember);
    }

    public void Dispose() => _turns.Dispose();

    private void Leave(PeerId peer)
    {
        _busy.AddOrUpdate(peer, 0, (_, count) => count - 1);
        _busy.TryRemove(KeyValuePair.Create(peer, 0));
    }

    private async Task<bool> JudgeAsync(Link link, Greeting greeting)
    {
        await _turns.WaitAsync();
        try
        {
            return await Task.Run(() => _greetings.Take(link.Peer, greeting, workedAt: "", isAnswer: false, []));
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task AnswerAsync(InboundStream stream, Greeting greeting, bool isMember)
    {
        var link = stream.Link;
        if (isMember && greeting.ObservedAddress.Length is > 0 and <= LinkAddress.MaxLength) _observe(greeting.ObservedAddress);
        stream.Write(_greetings.Answer(link.Peer, link.ObservedAddress));
        await stream.Writer.FlushAsync(end: true);
        if (!isMember) return;
        NetworkLog.Greeted(_log, link.Peer.Certificate.DeviceName, link.Id, greeting.Networks.Count);
        _publisher.Start(link);
    }

    private sealed class Rate
    {
        private readonly Lock _gate = new();
        private DateTimeOffset _since;
        private int _count;

        public bool Allows(DateTimeOffset now)
        {
            lock (_gate)
            {
                if (now - _since >= Window || now < _since) (_since, _count) = (now, 0);
                return ++_count <= MaxInWindow;
            }
        }
    }
}
