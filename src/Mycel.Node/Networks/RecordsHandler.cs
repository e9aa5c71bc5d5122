using System.Collections.Concurrent;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport.Frames;

namespace Mycel.Node.Networks;

/// <summary>Reads the records, revocations and appointments that peers send.</summary>
internal sealed class RecordsHandler : IStreamHandler
{
    /// <summary>Most records of one message.</summary>
    public const int MaxRecords = 64;

    /// <summary>Most revocation lists of one message.</summary>
    public const int MaxRevocations = 16;

    /// <summary>Most appointments of one message.</summary>
    public const int MaxAppointments = AppointmentBook.MaxDevices;

    /// <summary>Signed statements of one peer that are looked at in a second; more are read later.</summary>
    public const int StatementsPerSecond = 64;

    /// <summary>Statements that may come at once, as they do at the beginning.</summary>
    public const int Burst = 2 * PeerBook.MaxPeers;

    /// <summary>A peer may send records a moment before its greeting was looked at here.</summary>
    private static readonly TimeSpan GreetingTime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan GreetingLook = TimeSpan.FromMilliseconds(20);

    private readonly PeerBook _peers;
    private readonly Greetings _greetings;
    private readonly AppointmentBook _appointments;
    private readonly Action<Link> _greetAnew;
    private readonly TimeProvider _time;
    private readonly ILogger<RecordsHandler> _log;
    private readonly ConcurrentDictionary<PeerId, InboundStream> _current = new();
    private readonly ConcurrentDictionary<PeerId, bool> _waiting = new();

    /// <param name="peers">Takes the records.</param>
    /// <param name="greetings">Takes the revocations.</param>
    /// <param name="appointments">Takes the appointments.</param>
    /// <param name="greetAnew">Greets a peer again, which says that it is in a network that it did not prove yet.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">What does not count is told here.</param>
    public RecordsHandler(PeerBook peers, Greetings greetings, AppointmentBook appointments, Action<Link> greetAnew, TimeProvider time, ILogger<RecordsHandler> log)
    {
        _peers = peers;
        _greetings = greetings;
        _appointments = appointments;
        _greetAnew = greetAnew;
        _time = time;
        _log = log;
    }

    public Kind Kind => Kind.Records;

    public async Task HandleAsync(InboundStream stream)
    {
        var id = stream.Link.Id;
        if (!await IsGreetedAsync(stream.Link))
        {
            await stream.RefuseAsync(403, "not_allowed", "Records are taken from members only: greet first.");
            return;
        }

        // The latest counts: a peer that opens many keeps one.
        _current.AddOrUpdate(id, stream, (_, before) =>
        {
            before.Abort(StreamError.Cancelled);
            return stream;
        });
        _peers.Agree(id);
        try
        {
            await ReadAsync(stream);
            await stream.Writer.FlushAsync(end: true);
        }
        catch (StatementException wrong)
        {
            NetworkLog.StatementRefused(_log, id, wrong.Message);
            stream.Abort(StreamError.Protocol);
        }
        finally
        {
            _current.TryRemove(KeyValuePair.Create(id, stream));
        }
    }

    private async Task<bool> IsGreetedAsync(Link link)
    {
        if (_peers.StandingOf(link.Id, out _) is not null) return true;

        // One stream of a stranger is waited with, however many it opens.
        if (!_waiting.TryAdd(link.Id, true)) return false;
        try
        {
            var since = _time.GetTimestamp();
            while (_time.GetElapsedTime(since) < GreetingTime && !link.Closed.IsCompleted)
            {
                await Task.Delay(GreetingLook, _time);
                if (_peers.StandingOf(link.Id, out _) is not null) return true;
            }

            return false;
        }
        finally
        {
            _waiting.TryRemove(link.Id, out _);
        }
    }

    private async Task ReadAsync(InboundStream stream)
    {
        var link = stream.Link;
        double credit = Burst;
        var last = _time.GetTimestamp();
        var lackedBefore = false;
        while (await stream.ReadMessageAsync(Update.Parser, CancellationToken.None) is { } update)
        {
            if (update.Records.Count > MaxRecords || update.Revocations.Count > MaxRevocations || update.Appointments.Count > MaxAppointments)
                throw new FrameException($"a message has more than {MaxRecords} records, {MaxRevocations} revocation lists or {MaxAppointments} appointments");
            if (_peers.StandingOf(link.Id, out _) is null) return;
            _greetings.TakeRevocations(link.Peer, update.Revocations);
            _peers.Take(link.Id, update.Records);
            foreach (var appointment in update.Appointments) _appointments.Accept(appointment.Span);

            var lacks = _peers.LacksProof(link.Id);
            if (lacks && !lackedBefore) _greetAnew(link);
            lackedBefore = lacks;

            credit = Math.Min(Burst, credit + (_time.GetElapsedTime(last).TotalSeconds * StatementsPerSecond)) - Math.Max(1, update.Records.Count + update.Revocations.Count + update.Appointments.Count);
            last = _time.GetTimestamp();

            // Not reading holds the sender back by itself.
            if (credit < 0) await Task.Delay(TimeSpan.FromSeconds(-credit / StatementsPerSecond), _time);
        }
    }
}
