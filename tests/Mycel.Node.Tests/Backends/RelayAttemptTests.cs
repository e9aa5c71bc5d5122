using System.Net.Sockets;
using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Execution;
using Mycel.Node.Observability;

namespace Mycel.Node.Tests.Backends;

public sealed class RelayAttemptTests : IDisposable
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

    private readonly Loopback _loopback = new();
    private readonly RelayDevice _device;
    private readonly Offer _offer;
    private readonly RecordingSink _sink = new();
    private readonly List<string> _requests = [];

    public RelayAttemptTests()
    {
        _device = new RelayDevice("box", _loopback.Address, "file", 4, "device-key", TimeProvider.System);
        _offer = new Offer(_device, "their/model", new RouteMetrics("relay:box", "model"));
    }

    public void Dispose()
    {
        _device.Dispose();
        _loopback.Dispose();
    }

    [Fact]
    public async Task The_request_goes_out_with_the_devices_own_key_and_name_for_the_model()
    {
        var outcome = await AttemptAsync(Call("""{"model":"relay:model","messages":[],"x":1.50}"""), Ok);
        Assert.Equal(AttemptKind.Completed, outcome.Kind);
        var (head, body) = (_requests[0].Split("\r\n\r\n")[0], _requests[0].Split("\r\n\r\n")[1]);
        Assert.Equal("""{"model":"their/model","messages":[],"x":1.50}""", body);
        var lines = head.Split("\r\n");
        Assert.Equal("POST /v1/chat/completions HTTP/1.1", lines[0]);
        Assert.Equal(
            ["Authorization: Bearer device-key", $"Content-Length: {body.Length}", $"Host: {_loopback.Address.HostHeader}", "X-Caller: 1", "X-Request-ID: req-1"],
            lines[1..].Order(StringComparer.Ordinal));
        Assert.True(_sink.Ended);
        Assert.Equal("{}", _sink.Body);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64 * 1024)]
    [InlineData(3_000_000)]
    public async Task Requests_of_any_size_arrive_whole(int padding)
    {
        var text = $$"""{"stream":true,"model":"m","messages":[{"content":"{{new string('p', padding)}}"}]}""";
        await AttemptAsync(Call(text), Ok);
        var expected = text.Replace("\"m\"", "\"their/model\"", StringComparison.Ordinal).Replace("{\"stream\"", "{\"stream_options\":{\"include_usage\":true},\"stream\"", StringComparison.Ordinal);
        Assert.True(expected == _requests[0][(_requests[0].IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..], "the body arrived changed");
    }

    [Theory]
    [InlineData(429, AttemptKind.Refused, 429)]
    [InlineData(500, AttemptKind.Refused, 500)]
    [InlineData(503, AttemptKind.Refused, 503)]
    [InlineData(404, AttemptKind.Refused, 404)]
    [InlineData(408, AttemptKind.Refused, 408)]
    [InlineData(401, AttemptKind.Refused, 502)]
    [InlineData(403, AttemptKind.Refused, 502)]
    [InlineData(302, AttemptKind.Refused, 502)]
    [InlineData(400, AttemptKind.Rejected, 400)]
    [InlineData(413, AttemptKind.Rejected, 413)]
    [InlineData(422, AttemptKind.Rejected, 422)]
    internal async Task A_refusal_keeps_its_status_and_body_where_that_is_the_callers_business(int status, AttemptKind kind, int seen)
    {
        var outcome = await AttemptAsync(Call(), $"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nRetry-After: 7\r\nContent-Length: 13\r\n\r\n{{\"error\":\"x\"}}");
        Assert.Equal((kind, seen), (outcome.Kind, outcome.Refusal!.Status));
        Assert.Equal(seen == status ? "{\"error\":\"x\"}" : null, outcome.Refusal.Body is { } body ? Encoding.UTF8.GetString(body) : null);
        Assert.Equal(seen == status ? "7" : null, outcome.Refusal.RetryAfter);
        Assert.Empty(_sink.Heads);
    }

    [Fact]
    public async Task What_the_server_could_not_send_on_is_left_out_of_a_refusal()
    {
        var outcome = await AttemptAsync(Call(), "HTTP/1.1 503 No\r\nContent-Type: application/json; x=\xe9\r\nRetry-After: sp\xe4ter\r\nContent-Length: 2\r\n\r\n{}");
        Assert.Null(outcome.Refusal!.RetryAfter);
        Assert.Null(outcome.Refusal.ContentType);
    }

    [Fact]
    public async Task A_web_page_is_no_answer()
    {
        var outcome = await AttemptAsync(Call(), "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
        Assert.Equal((AttemptKind.Refused, 502, "upstream_invalid"), (outcome.Kind, outcome.Refusal!.Status, outcome.Refusal.Code));
    }

    [Theory]
    [InlineData("", AttemptKind.Refused)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", AttemptKind.Refused)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", AttemptKind.Refused)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", AttemptKind.Broken)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", AttemptKind.Broken)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", AttemptKind.Refused)]
    [InlineData("garbage\r\n\r\n", AttemptKind.Refused)]
    internal async Task A_reply_that_breaks_off_is_never_taken_for_whole(string reply, AttemptKind kind)
    {
        var outcome = await AttemptAsync(Call(), reply);
        Assert.Equal(kind, outcome.Kind);
        Assert.Equal(502, outcome.Refusal!.Status);
        Assert.False(_sink.Ended);
    }

    [Fact]
    public async Task A_kept_connection_is_used_again()
    {
        var serving = ServeAsync(connections: 1, (_, number) => number < 3 ? Ok : null);
        for (var i = 0; i < 3; i++) Assert.Equal(AttemptKind.Completed, (await _device.AttemptAsync(Call(), _offer, new RecordingSink())).Kind);
        _device.Dispose();
        await serving;
        Assert.Equal(3, _requests.Count);
    }

    [Fact]
    public async Task A_request_that_makes_the_device_close_kept_connections_is_sent_once_more_and_no_oftener()
    {
        // Four warm connections: the second round keeps four requests open at once.
        var serving = ServeAsync(connections: 5, (text, _) => text.Contains("poison", StringComparison.Ordinal) ? null : Ok);
        var connections = new List<DeviceConnection>();
        for (var i = 0; i < 4; i++) connections.Add(await WarmAsync());
        foreach (var connection in connections) _device.Connections.Return(connection);
        var outcome = await _device.AttemptAsync(Call("""{"model":"poison","messages":[{"content":"poison"}]}"""), _offer, _sink);
        Assert.Equal(AttemptKind.Refused, outcome.Kind);
        Assert.Equal(2, _requests.Count(r => r.Contains("poison", StringComparison.Ordinal)));
        _device.Dispose();
        await serving;
    }

    [Fact]
    public async Task An_unknown_stream_option_is_left_out_and_remembered()
    {
        const string stream = """{"model":"m","stream":true,"messages":[]}""";
        const string error = """{"error":"unknown: 'stream_options'"}""";
        var no = $"HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: {error.Length}\r\n\r\n{error}";
        var serving = ServeAsync(connections: 1, (text, number) => number == 3 ? null : text.Contains("stream_options", StringComparison.Ordinal) ? no : Ok);
        Assert.Equal(AttemptKind.Completed, (await _device.AttemptAsync(Call(stream), _offer, _sink)).Kind);
        Assert.Equal(AttemptKind.Completed, (await _device.AttemptAsync(Call(stream), _offer, new RecordingSink())).Kind);
        Assert.Equal([true, false, false], _requests.Select(r => r.Contains("stream_options", StringComparison.Ordinal)));
        _device.Dispose();
        await serving;
    }

    private static BackendCall Call(string body = """{"model":"m","messages":[]}""")
    {
        var document = RequestScanner.Scan(InferenceKind.Chat, Encoding.UTF8.GetBytes(body), out _)!;
        return new BackendCall { Kind = InferenceKind.Chat, RequestId = "req-1", Headers = "X-Caller: 1\r\n"u8.ToArray(), Document = document, ConnectTimeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Asks once; the device answers with <paramref name="reply"/> and closes.</summary>
    private async Task<AttemptOutcome> AttemptAsync(BackendCall call, string reply)
    {
        var serving = ServeAsync(connections: 1, (_, number) => number == 0 ? reply : null, thenCloses: true);
        var outcome = await _device.AttemptAsync(call, _offer, _sink);
        await serving;
        return outcome;
    }

    /// <summary>Answers each request with what the script says; closes the connection where that is null.</summary>
    private async Task ServeAsync(int connections, Func<string, int, string?> script, bool thenCloses = false)
    {
        var served = new List<Task>();
        for (var i = 0; i < connections; i++) served.Add(ServeOneAsync(await _loopback.AcceptAsync()));
        await Task.WhenAll(served);

        async Task ServeOneAsync(Socket peer)
        {
            using (peer)
            {
                while (await Loopback.ReadRequestAsync(peer) is { } request)
                {
                    int number;
                    lock (_requests)
                    {
                        number = _requests.Count;
                        _requests.Add(request);
                    }
                    if (script(request, number) is not { } reply) return;
                    await Loopback.SendAsync(peer, reply);
                    if (thenCloses) return;
                }
            }
        }
    }

    private async Task<DeviceConnection> WarmAsync()
    {
        var connection = await _device.Connections.OpenAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        connection.Begin();
        await connection.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        while (!connection.TryReadHead()) Assert.True(connection.Received(await connection.ReceiveAsync()));
        while (connection.TryReadBody(out _))
        {
        }
        return connection;
    }
}
