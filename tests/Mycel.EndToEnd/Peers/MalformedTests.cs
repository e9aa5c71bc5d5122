using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Node.Links.Wire;
using Mycel.Transport;

namespace Mycel.EndToEnd.Peers;

/// <summary>A member that sends what nobody should: each stream is refused or reset, the link stays, and others are served on.</summary>
public sealed class MalformedTests(HostileHost host) : IClassFixture<HostileHost>
{
    private const int ProtocolError = 2;
    private const int DeadlineError = 4;

    private static byte[] HeaderOf(Kind kind) => Frames.Of(1, TestLink.Header(kind));

    private static Dictionary<string, byte[]> WrongShapes => new()
    {
        ["a kind of frame that is none"] = [0, 0, 0, 0],
        ["a kind of frame that is not known"] = [200, 0, 0, 1, 1],
        ["half a frame's head"] = [1, 0],
        ["a header cut short"] = HeaderOf(Kind.Ping)[..^1],
        ["a header larger than frames may be"] = [1, 0xFF, 0xFF, 0xFF, .. new byte[2000]],
        ["a header that is no message"] = Frames.Of(1, RandomNumberGenerator.GetBytes(400)),
        ["data before the header"] = [.. Frames.Data("x"), .. HeaderOf(Kind.Ping)],
        ["a trailer before the header"] = [.. Frames.End, .. HeaderOf(Kind.Ping)],
        ["a request id of control characters"] = Frames.Of(1, new StreamHeader { Version = 1, Kind = Kind.Ping, RequestId = "a\r\nb" }),
        ["a request id without end"] = Frames.Of(1, new StreamHeader { Version = 1, Kind = Kind.Ping, RequestId = new string('x', 5000) }),
        ["a greeting that is data"] = [.. HeaderOf(Kind.Greeting), .. Frames.Data("hello")],
        ["a greeting that is a refusal"] = [.. HeaderOf(Kind.Greeting), .. Frames.Of(5, new Refusal { Status = 400 })],
        ["a greeting that is no message"] = [.. HeaderOf(Kind.Greeting), .. Frames.Of(6, RandomNumberGenerator.GetBytes(4000))],
        ["records that are no message"] = [.. HeaderOf(Kind.Records), .. Frames.Of(6, RandomNumberGenerator.GetBytes(4000))],
        ["a second header"] = [.. Frames.Of(1, Ask()), .. Frames.Of(1, Ask())],
        ["a body that ends without a trailer"] = [.. Frames.Of(1, Ask()), .. Frames.Data("{}")],
        ["a head in a request"] = [.. Frames.Of(1, Ask()), .. Frames.Of(3, new ResponseHead { Status = 200 })],
    };

    public static TheoryData<string> Shapes() => [.. WrongShapes.Keys];

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_stream_of_the_wrong_shape_is_reset(string shape)
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        var answer = await link.SendAsync(WrongShapes[shape]);
        Assert.True(answer is { ResetCode: ProtocolError } or { Refusal: not null }, $"{shape}: {answer}");
        Assert.Null(answer.Head);
        await link.PingAsync();
        (await link.AskAsync(NodeCalls.ChatBody(host.Device.Model))).MustBeWhole();
    }

    [Fact]
    public async Task A_version_or_kind_that_is_not_known_is_refused_at_once()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        (await link.SendAsync(Frames.Of(1, new StreamHeader { Version = 2, Kind = Kind.Ping }))).MustRefuse(501, "not_understood");
        (await link.SendAsync(Frames.Of(1, new StreamHeader { Version = 1, Kind = (Kind)99 }))).MustRefuse(501, "not_understood");
        (await link.SendAsync(Frames.Of(1, new StreamHeader()))).MustRefuse(501, "not_understood");
        // Also while the peer keeps its direction open.
        (await link.SendAsync(Frames.Of(1, new StreamHeader { Version = 1, Kind = (Kind)99 }), end: false)).MustRefuse(501, "not_understood");
    }

    [Fact]
    public async Task Requests_of_the_wrong_shape_never_reach_the_device()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        var seen = host.Device.HeadsSeen;
        var model = host.Device.Model;
        foreach (var (body, change) in new (string, Action<StreamHeader>)[]
        {
            ("", _ => { }),
            ("not json", _ => { }),
            ("{}", _ => { }),
            ("[1,2,3]", _ => { }),
            (new string('[', 100_000), _ => { }),
            (NodeCalls.ChatBody(model), header => header.Inference.Path = "/v1/node/status"),
            (NodeCalls.ChatBody(model), header => header.Inference.Path = "/v1/chat/completions?x=1"),
            (NodeCalls.ChatBody(model), header => header.Inference.Path = ""),
            (NodeCalls.ChatBody(model), header => header.Inference = null),
            (NodeCalls.ChatBody(model), header => header.Inference.Headers = ByteString.CopyFromUtf8("X-A: b")),
            (NodeCalls.ChatBody(model), header => header.Inference.Headers = ByteString.CopyFromUtf8("X-A: b\r\n\r\nGET / HTTP/1.1\r\n")),
            (NodeCalls.ChatBody(model), header => header.Inference.Headers = ByteString.CopyFromUtf8("X-A: b\nX-C: d\r\n")),
            (NodeCalls.ChatBody(model), header => header.Inference.Headers = ByteString.CopyFrom(new byte[40_000])),
            (NodeCalls.ChatBody(model), header => header.Inference.Headers = ByteString.CopyFromUtf8("X A: b\r\n")),
        })
        {
            var answer = await link.AskAsync(body, change: change);
            Assert.True(answer.Refusal is { Status: >= 400 and < 500 } || answer.ResetCode == ProtocolError, $"{body[..Math.Min(40, body.Length)]}: {answer}");
        }

        Assert.Equal(seen, host.Device.HeadsSeen);
    }

    [Fact]
    public async Task Credentials_and_framing_in_a_peers_headers_stay_behind()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        var answer = await link.AskAsync(NodeCalls.ChatBody(host.Device.Model), change: header => header.Inference.Headers = ByteString.CopyFromUtf8(
            "Authorization: Bearer stolen\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nHost: elsewhere\r\nConnection: close\r\nX-Kept: yes\r\n"));
        answer.MustBeWhole();
        var head = host.Device.Requests[^1].Head;
        Assert.Equal("yes", head["X-Kept"]);
        Assert.False(head.Has("Authorization") || head.Has("Transfer-Encoding"));
        Assert.DoesNotContain("elsewhere", head["Host"]!);
    }

    /// <summary>Garbage on many streams, some MB by default; <c>MYCEL_GARBAGE_MB=10240</c> for the long run.</summary>
    [Fact]
    public async Task Megabytes_of_garbage_leave_the_node_as_it_was()
    {
        var left = (long)Settings.Number("MYCEL_GARBAGE_MB", 48) << 20;
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        var random = new Random(20261121);
        var kinds = Enum.GetValues<Kind>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (_, cancel) =>
        {
            var noise = new byte[256 * 1024];
            while (Interlocked.Read(ref left) > 0)
            {
                int size;
                byte[] start;
                lock (random)
                {
                    random.NextBytes(noise);
                    size = random.Next(noise.Length);
                    var header = TestLink.Header(kinds[random.Next(kinds.Length)]);
                    start = random.Next(3) switch
                    {
                        0 => [],
                        1 => Frames.Of(1, header),
                        // Garbage within proper frames.
                        _ => [.. Frames.Of(1, header), (byte)random.Next(1, 7), (byte)(size >> 16), (byte)(size >> 8), (byte)size],
                    };
                }

                await using var stream = await link.OpenAsync();
                try
                {
                    await stream.WriteAsync(start, cancellation: cancel);
                    await stream.WriteAsync(noise.AsMemory(0, size), end: true, cancel);
                }
                catch (TransportException refused) when (refused.Kind == TransportFailure.Application)
                {
                    // The node took no more of it.
                }

                Interlocked.Add(ref left, -size);
            }
        });
        await link.PingAsync();
        await host.MustServeAsync();
    }

    /// <summary>Streams whose header never comes, as many as the node allows: it bounds them, gives up on them, and goes on.</summary>
    [Fact]
    public async Task Streams_whose_header_never_comes_are_given_up()
    {
        await using var peer = await TestPeer.CreateAsync();
        await using var link = await peer.JoinAsync(host.Token);
        var streams = new List<ITransportStream>();
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        try
        {
            // Each claims a large frame and sends two bytes of it.
            while (streams.Count < 5000)
            {
                var stream = await link.Connection.OpenStreamAsync(enough.Token);
                streams.Add(stream);
                await stream.WriteAsync(new byte[] { 1, 3, 0xFF, 0xFF, 8, 1 }, cancellation: enough.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The node allows no more.
        }

        Assert.InRange(streams.Count, 16, 2048);
        await host.MustServeAsync();
        var answers = await Task.WhenAll(streams.Select(stream => TestLink.ReadAsync(stream, CancellationToken.None))).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.All(answers, answer => Assert.Equal(DeadlineError, answer.ResetCode));
        foreach (var stream in streams) await stream.DisposeAsync();
        await link.PingAsync();
    }

    /// <summary>Bodies that trickle in hold no slot of the device, and leave when their link does.</summary>
    [Fact]
    public async Task Requests_that_are_never_sent_whole_take_nobodys_slot()
    {
        var peer = await TestPeer.CreateAsync();
        var link = await peer.JoinAsync(host.Token);
        var seen = host.Device.HeadsSeen;
        var streams = new List<ITransportStream>();
        for (var i = 0; i < 200; i++)
        {
            var stream = await link.OpenAsync();
            streams.Add(stream);
            await stream.WriteAsync(Frames.Of(1, link.Ask()).Concat(Frames.Data("{\"model\":")).ToArray());
        }

        await host.Node.ChatAsync(host.Device.Model);
        Assert.Equal(seen + 1, host.Device.HeadsSeen);
        foreach (var stream in streams) await stream.DisposeAsync();
        await link.DisposeAsync();
        await peer.DisposeAsync();
        await host.MustServeAsync();
    }

    /// <summary>A member that asks and reads nothing: the node holds a bounded part of the answer, and the device waits.</summary>
    [Fact]
    public async Task A_member_that_does_not_read_costs_a_bounded_amount()
    {
        var piece = Scripts.Chunk(Sse.Token(new string('x', 60_000)));
        for (var i = 0; i < 16; i++)
        {
            host.Device.Next(async exchange =>
            {
                await exchange.SendAsync(Scripts.StreamHead);
                while (true) await exchange.SendAsync(piece);
            });
        }

        await using (var peer = await TestPeer.CreateAsync())
        {
            await using var link = await peer.JoinAsync(host.Token);
            var streams = new List<ITransportStream>();
            var seen = host.Device.Requests.Count;
            for (var i = 0; i < 16; i++)
            {
                var stream = await link.OpenAsync();
                streams.Add(stream);
                await stream.WriteAsync((byte[])[.. Frames.Of(1, link.Ask()), .. Frames.Data(NodeCalls.ChatBody(host.Device.Model, stream: true)), .. Frames.End]);
            }

            await host.Device.RequestAsync(seen + 16);
            await host.Node.ChatAsync(host.Device.Model);
            foreach (var stream in streams) await stream.DisposeAsync();
        }

        await Poll.UntilAsync(() => host.Device.InFlight == 0, "the device was stopped");
        await host.MustServeAsync();
    }

    private static StreamHeader Ask()
    {
        var header = TestLink.Header(Kind.Inference);
        header.Inference = new Inference { Path = "/v1/chat/completions" };
        return header;
    }
}
