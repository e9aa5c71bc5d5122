using System.Net.Sockets;
using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Execution;
using Mycel.Node.Observability;

namespace Mycel.Node.Tests.Backends;

/// <summary>Calls that are ended from this side, in each phase.</summary>
public sealed class RelayEndingTests : IDisposable
{
    private readonly Loopback _loopback = new();
    private readonly RelayDevice _device;
    private readonly Offer _offer;
    private readonly RecordingSink _sink = new();
    private readonly BackendCall _call = CallWith(TimeSpan.FromSeconds(60));

    public RelayEndingTests()
    {
        _device = new RelayDevice("box", _loopback.Address, "file", 4, null, TimeProvider.System);
        _offer = new Offer(_device, "m", new RouteMetrics("relay:box", "m"));
        _call.BeginAttempt(1);
    }

    public void Dispose()
    {
        _device.Dispose();
        _loopback.Dispose();
    }

    [Fact]
    public async Task Hanging_up_before_the_head_closes_the_devices_connection()
    {
        var attempt = _device.AttemptAsync(_call, _offer, _sink).AsTask();
        using var peer = await _loopback.AcceptAsync();
        Assert.NotNull(await Loopback.ReadRequestAsync(peer));
        _call.End(EndReason.ClientGone);
        Assert.Equal(AttemptKind.Ended, (await attempt).Kind);
        Assert.Null(await Loopback.ReadRequestAsync(peer));
        Assert.True(_device.Health.IsHealthy);
        Assert.Null(_device.Connections.TryRent());
    }

    [Theory]
    [InlineData(EndReason.ClientGone, AttemptKind.Ended, null)]
    [InlineData(EndReason.Deadline, AttemptKind.Ended, null)]
    [InlineData(EndReason.Silent, AttemptKind.Broken, 504)]
    [InlineData(EndReason.Vanished, AttemptKind.Broken, 502)]
    internal async Task Ending_midway_closes_the_devices_connection(EndReason reason, AttemptKind kind, int? status)
    {
        var attempt = _device.AttemptAsync(_call, _offer, _sink).AsTask();
        using var peer = await _loopback.AcceptAsync();
        await Loopback.ReadRequestAsync(peer);
        await Loopback.SendAsync(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
        await Until.TrueAsync(() => _sink.Received == 2, "the first output");
        End(reason);
        var outcome = await attempt;
        Assert.Equal((kind, status), (outcome.Kind, outcome.Refusal?.Status));
        Assert.Null(await Loopback.ReadRequestAsync(peer));
    }

    [Theory]
    [InlineData(EndReason.ClientGone, AttemptKind.Ended)]
    [InlineData(EndReason.Deadline, AttemptKind.Ended)]
    [InlineData(EndReason.Silent, AttemptKind.Broken)]
    internal async Task What_this_side_ended_is_not_taken_for_whole_where_the_end_of_the_connection_ends_a_reply(EndReason reason, AttemptKind kind)
    {
        var attempt = _device.AttemptAsync(_call, _offer, _sink).AsTask();
        using var peer = await _loopback.AcceptAsync();
        await Loopback.ReadRequestAsync(peer);
        await Loopback.SendAsync(peer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}");
        await Until.TrueAsync(() => _sink.Received == 2, "the first output");
        End(reason);
        Assert.Equal(kind, (await attempt).Kind);
        Assert.False(_sink.Ended);
    }

    [Theory]
    [InlineData(EndReason.Silent, 504)]
    [InlineData(EndReason.Vanished, 502)]
    internal async Task A_device_given_up_before_its_answer_has_refused(EndReason reason, int status)
    {
        var attempt = _device.AttemptAsync(_call, _offer, _sink).AsTask();
        using var peer = await _loopback.AcceptAsync();
        await Loopback.ReadRequestAsync(peer);
        End(reason);
        var outcome = await attempt;
        Assert.Equal((AttemptKind.Refused, status), (outcome.Kind, outcome.Refusal!.Status));
    }

    [Fact]
    public async Task A_device_given_up_within_its_refusal_has_refused()
    {
        var attempt = _device.AttemptAsync(_call, _offer, _sink).AsTask();
        using var peer = await _loopback.AcceptAsync();
        await Loopback.ReadRequestAsync(peer);
        await Loopback.SendAsync(peer, "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n{\"err");
        End(EndReason.Silent);
        Assert.Equal(AttemptKind.Refused, (await attempt).Kind);
    }

    [Fact]
    public async Task A_call_ended_before_it_began_opens_no_connection()
    {
        _call.End(EndReason.ClientGone);
        Assert.Equal(AttemptKind.Ended, (await _device.AttemptAsync(_call, _offer, _sink)).Kind);
        using var next = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await next.ConnectAsync(_loopback.EndPoint, TestContext.Current.CancellationToken);
        using var accepted = await _loopback.AcceptAsync();
        Assert.Equal(next.LocalEndPoint, accepted.RemoteEndPoint);
    }

    [Theory]
    [InlineData(EndReason.ClientGone, AttemptKind.Ended)]
    [InlineData(EndReason.Silent, AttemptKind.Refused)]
    internal async Task Ending_a_call_ends_the_opening_of_its_connection(EndReason reason, AttemptKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Relies on how Linux treats a full accept queue.");
        // Nobody accepts and the queue is full: a further connection stays in the opening.
        using var full = new Loopback(backlog: 1);
        var fillers = Enumerable.Range(0, 4).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false }).ToList();
        foreach (var filler in fillers)
        {
            try
            {
                filler.Connect(full.EndPoint);
            }
            catch (SocketException)
            {
                // Begun, which is what a socket that never blocks says this way.
            }
        }
        using var device = new RelayDevice("full", full.Address, "file", 4, null, TimeProvider.System);
        var attempt = device.AttemptAsync(_call, new Offer(device, "m", _offer.Metrics), _sink).AsTask();
        Assert.False(attempt.IsCompleted);
        End(reason);
        var outcome = await attempt.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(kind, outcome.Kind);
        foreach (var filler in fillers) filler.Dispose();
    }

    private void End(EndReason reason)
    {
        if (reason is EndReason.Silent or EndReason.Vanished) _call.EndAttempt(1, reason);
        else _call.End(reason);
    }

    private static BackendCall CallWith(TimeSpan connectTimeout)
    {
        var document = RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes("""{"model":"m","messages":[]}"""), out _)!;
        return new BackendCall { Kind = InferenceKind.Chat, RequestId = "req-1", Headers = default, Document = document, ConnectTimeout = connectTimeout };
    }
}
