using Google.Protobuf;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Networks;

/// <summary>What one peer is sent: everything at the beginning, then what is new. Opens its stream again where it was lost with a connection.</summary>
internal sealed class RecordFeed : IDisposable
{
    /// <summary>Most bytes of statements in one message, which is a frame.</summary>
    public const int MaxUpdateBytes = 200 * 1024;

    /// <summary>Longest pause before the stream is opened again.</summary>
    public static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    private readonly Link _link;
    private readonly PeerBook _peers;
    private readonly RevocationBook _revocations;
    private readonly AppointmentBook _appointments;
    private readonly OwnRecord _own;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private OwnRecordForms? _sentOwn;
    private long _sentPeers;
    private long _sentRevocations;
    private long _sentAppointments;

    public RecordFeed(Link link, PeerBook peers, RevocationBook revocations, AppointmentBook appointments, OwnRecord own, TimeProvider time, ILogger log)
    {
        _link = link;
        _peers = peers;
        _revocations = revocations;
        _appointments = appointments;
        _own = own;
        _time = time;
        _log = log;
    }

    public void Start() => _ = Task.Run(RunAsync);

    /// <summary>Something may be new.</summary>
    public void Signal()
    {
        try
        {
            if (_signal.CurrentCount == 0) _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another thread was first.
        }
    }

    /// <summary>Ends it; what is under way finds out by itself.</summary>
    public void Dispose() => _stop.Cancel();

    private async Task RunAsync()
    {
        var pause = FirstPause;
        while (!_stop.IsCancellationRequested && !_link.Closed.IsCompleted)
        {
            try
            {
                _sentOwn = null;
                _sentPeers = _sentRevocations = _sentAppointments = 0;
                var started = _time.GetTimestamp();
                await SendAsync();
                if (_time.GetElapsedTime(started) > MaxPause) pause = FirstPause;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception lost) when (lost is TransportException or FrameException or RefusedException)
            {
                NetworkLog.FeedEnded(_log, _link.Id, lost.Message);
            }
            catch (Exception error)
            {
                NetworkLog.Failed(_log, error);
            }

            await Task.WhenAny(_link.Closed, Task.Delay(pause, _time, _stop.Token));
            pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        }
    }

    /// <summary>Sends until the peer wants no more or the stream is lost.</summary>
    private async Task SendAsync()
    {
        await using var stream = await _link.OpenAsync(new StreamHeader { Version = 1, Kind = Kind.Records }, _stop.Token);

        // The peer says nothing here but that it refuses or is done.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var reading = ReadEndAsync(stream, ended);
        try
        {
            while (!ended.IsCancellationRequested)
            {
                await SendNewAsync(stream, ended.Token);
                await _signal.WaitAsync(ended.Token);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // Ended by the peer.
        }
        finally
        {
            await ended.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _stop.Token.ThrowIfCancellationRequested();
        await reading;
    }

    private static async Task ReadEndAsync(OutboundStream stream, CancellationTokenSource ended)
    {
        try
        {
            await stream.ReadMessageAsync(Refusal.Parser, ended.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopped here.
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    private async Task SendNewAsync(OutboundStream stream, CancellationToken cancellation)
    {
        if (_peers.StandingOf(_link.Id, out _) is not { } standing)
        {
            // It is told nothing more; a new greeting begins anew.
            await _stop.CancelAsync();
            return;
        }

        var revocations = _revocations.Version;
        var lists = _revocations.Since(_sentRevocations).Select(list => ByteString.CopyFrom(list.ToBytes())).ToArray();
        var version = _appointments.Version;
        var appointments = _appointments.Since(_sentAppointments).Where(proof => standing.IsOwn || standing.Networks.ContainsKey(proof.Appointment.Network))
            .Select(proof => UnsafeByteOperations.UnsafeWrap(proof.Bytes)).ToArray();
        var own = _own.Current;
        var peers = _sentPeers;
        List<ByteString> records = [];
        if (!ReferenceEquals(own, _sentOwn))
        {
            records.Add(own.Shared);
            if (standing.IsOwn && own.Home is { } home) records.Add(home);
        }

        records.AddRange(_peers.PassOn(_link.Id, ref peers));
        await WriteAsync(stream, records, lists, appointments, cancellation);
        (_sentOwn, _sentPeers, _sentRevocations, _sentAppointments) = (own, peers, revocations, version);
    }

    private static async Task WriteAsync(OutboundStream stream, IReadOnlyList<ByteString> records, IReadOnlyList<ByteString> lists, IReadOnlyList<ByteString> appointments, CancellationToken cancellation)
    {
        var update = new Update();
        var bytes = 0;
        foreach (var list in lists)
        {
            if (update.Revocations.Count == RecordsHandler.MaxRevocations || bytes + list.Length > MaxUpdateBytes) await FlushAsync();
            update.Revocations.Add(list);
            bytes += list.Length;
        }

        foreach (var appointment in appointments)
        {
            if (update.Appointments.Count == RecordsHandler.MaxAppointments || bytes + appointment.Length > MaxUpdateBytes) await FlushAsync();
            update.Appointments.Add(appointment);
            bytes += appointment.Length;
        }

        foreach (var record in records)
        {
            if (update.Records.Count == RecordsHandler.MaxRecords || bytes + record.Length > MaxUpdateBytes) await FlushAsync();
            update.Records.Add(record);
            bytes += record.Length;
        }

        if (update.Records.Count + update.Revocations.Count + update.Appointments.Count > 0) await FlushAsync();

        async Task FlushAsync()
        {
            stream.Write(update);
            await stream.Writer.FlushAsync(cancellation: cancellation);
            update = new Update();
            bytes = 0;
        }
    }
}
