using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>What a node answered to an exchange of a test.</summary>
/// <param name="Refusal">The refusal; null where there was none.</param>
/// <param name="Head">The beginning of the answer; null where there was none.</param>
/// <param name="Body">All data that came.</param>
/// <param name="Trailer">The end of a whole answer; null where it was not whole.</param>
/// <param name="Messages">Payloads of message frames.</param>
/// <param name="ResetCode">The code that the node reset the stream with; null where it ended it properly.</param>
internal sealed record TestAnswer(Refusal? Refusal, ResponseHead? Head, byte[] Body, Trailer? Trailer, IReadOnlyList<byte[]> Messages, long? ResetCode)
{
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>Fails the test unless the answer is this refusal.</summary>
    public TestAnswer MustRefuse(int status, string code)
    {
        Assert.True(Refusal is not null, $"No refusal but {this}");
        Assert.Equal((status, code), ((int)Refusal.Status, Refusal.Code));
        Assert.Null(Head);
        return this;
    }

    /// <summary>Fails the test unless the answer is whole.</summary>
    public TestAnswer MustBeWhole()
    {
        Assert.True(Head is { Status: 200 } && Trailer is not null && Trailer.BodyBytes == Body.Length, $"No whole answer but {this}");
        return this;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"head {Head}, refusal {Refusal}, reset {ResetCode}, {Body.Length} bytes, trailer {Trailer}");
}

/// <summary>A link of a <see cref="TestPeer"/> with a node.</summary>
internal sealed class TestLink(TestPeer peer, ITransportConnection connection) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public ITransportConnection Connection { get; } = connection;

    /// <summary>What this peer shows of itself in greetings; grows with what it redeems.</summary>
    public List<MemberProof> Proofs { get; } = [];

    public static StreamHeader Header(Kind kind) => new() { Version = 1, Kind = kind };

    public static ByteString Raw(PeerId id)
    {
        var bytes = new byte[PeerId.SizeBytes];
        id.CopyTo(bytes);
        return ByteString.CopyFrom(bytes);
    }

    /// <summary>Greets with what was redeemed; the node's greeting.</summary>
    public async Task<Greeting> GreetAsync(byte[]? record = null, IEnumerable<byte[]>? revocations = null)
    {
        var answer = await TryGreetAsync(record, revocations);
        Assert.True(answer.Messages.Count == 1, $"No greeting but {answer}");
        return Greeting.Parser.ParseFrom(answer.Messages[0]);
    }

    public Task<TestAnswer> TryGreetAsync(byte[]? record = null, IEnumerable<byte[]>? revocations = null)
    {
        var greeting = new Greeting { Instance = ByteString.CopyFrom(new byte[16]) };
        greeting.Networks.AddRange(Proofs);
        if (record is not null) greeting.Record = ByteString.CopyFrom(record);
        greeting.Revocations.AddRange((revocations ?? []).Select(list => ByteString.CopyFrom(list)));
        return SendAsync([.. Frames.Of(1, Header(Kind.Greeting)), .. Frames.Of(6, greeting)]);
    }

    /// <summary>Redeems an invite, and keeps the membership for greetings.</summary>
    public async Task<Redeemed> RedeemAsync(Invite invite)
    {
        var answer = await TryRedeemAsync(invite);
        Assert.True(answer.Messages.Count == 1, $"No membership but {answer}");
        var redeemed = Redeemed.Parser.ParseFrom(answer.Messages[0]);
        Assert.Equal(peer.Account.AccountId, Membership.Parse(redeemed.Membership.Span).Member);
        Proofs.Add(new MemberProof { Charter = redeemed.Charter, Membership = redeemed.Membership });
        return redeemed;
    }

    public Task<TestAnswer> TryRedeemAsync(Invite invite) =>
        TryRedeemAsync(Convert.FromHexString(invite.Id), Raw(invite.Network.Id.Hash), SHA256.HashData([.. "mycel/redeem/1"u8, 0, .. invite.ToBytes()]));

    public Task<TestAnswer> TryRedeemAsync(byte[] inviteId, ByteString networkId, byte[] proof)
    {
        var header = Header(Kind.Redeem);
        header.Redeem = new Redeem { InviteId = ByteString.CopyFrom(inviteId), NetworkId = networkId, Proof = ByteString.CopyFrom(proof) };
        return SendAsync(Frames.Of(1, header));
    }

    /// <summary>Asks for a model in the network that was joined last.</summary>
    public Task<TestAnswer> AskAsync(string body, string path = "/v1/chat/completions", Action<StreamHeader>? change = null) => SendAsync([.. Frames.Of(1, Ask(path, change)), .. Frames.Data(body), .. Frames.End]);

    public StreamHeader Ask(string path = "/v1/chat/completions", Action<StreamHeader>? change = null)
    {
        var header = Header(Kind.Inference);
        header.RequestId = Guid.NewGuid().ToString("N");
        header.Inference = new Inference { Path = path, Headers = ByteString.CopyFromUtf8($"Content-Type: application/json\r\nX-Mycel-Via: {peer.Device.PeerId}\r\n") };
        if (Proofs.Count > 0) header.Inference.NetworkId = Raw(NetworkCharter.Parse(Proofs[^1].Charter.Span).Id.Hash);
        change?.Invoke(header);
        return header;
    }

    /// <summary>Opens a stream for a test that writes it byte by byte.</summary>
    public async Task<ITransportStream> OpenAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await Connection.OpenStreamAsync(patience.Token);
    }

    /// <summary>Sends a whole stream and reads what comes back to its end.</summary>
    /// <param name="bytes">All that is sent.</param>
    /// <param name="end">Whether this side's direction is ended.</param>
    public async Task<TestAnswer> SendAsync(byte[] bytes, bool end = true)
    {
        await using var stream = await OpenAsync();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await stream.WriteAsync(bytes, end, patience.Token);
        }
        catch (TransportException refused) when (refused.Kind == TransportFailure.Application)
        {
            // The node reads no further; what it says is still there.
        }

        return await ReadAsync(stream, patience.Token);
    }

    /// <summary>Reads an answer to its end.</summary>
    public static async Task<TestAnswer> ReadAsync(ITransportStream stream, CancellationToken cancellation)
    {
        using var reader = new FrameReader(stream);
        using var body = new MemoryStream();
        var messages = new List<byte[]>();
        var answer = new TestAnswer(null, null, [], null, messages, null);
        try
        {
            while (await reader.ReadAsync(cancellation) is { } frame)
            {
                Assert.True(answer.Trailer is null && answer.Refusal is null, $"A frame of the kind {frame.Kind} after the end.");
                if (frame.Kind == FrameKind.Data) body.Write(frame.Payload.Span);
                else if (frame.Kind == FrameKind.Message) messages.Add(frame.Payload.ToArray());
                else if (frame.Kind == FrameKind.Head) answer = answer with { Head = ResponseHead.Parser.ParseFrom(frame.Payload.Span) };
                else if (frame.Kind == FrameKind.Trailer) answer = answer with { Trailer = Trailer.Parser.ParseFrom(frame.Payload.Span) };
                else if (frame.Kind == FrameKind.Refusal) answer = answer with { Refusal = Refusal.Parser.ParseFrom(frame.Payload.Span) };
                else Assert.Fail($"A frame of the kind {frame.Kind} in an answer.");
            }
        }
        catch (TransportException reset) when (reset.Kind == TransportFailure.Application)
        {
            answer = answer with { ResetCode = reset.Code };
        }

        return answer with { Body = body.ToArray() };
    }

    /// <summary>Sends an empty exchange to see that the node still answers on this link.</summary>
    public async Task PingAsync()
    {
        var answer = await SendAsync(Frames.Of(1, Header(Kind.Ping)));
        Assert.True(answer is { Refusal: null, ResetCode: null }, answer.ToString());
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}

/// <summary>Frames as they lie in a stream, made by hand.</summary>
internal static class Frames
{
    public static byte[] Of(int kind, ReadOnlySpan<byte> payload) => [(byte)kind, (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, .. payload];

    public static byte[] Of(int kind, IMessage message) => Of(kind, message.ToByteArray());

    /// <summary>Ends a request's body.</summary>
    public static byte[] End { get; } = Of(4, []);

    public static byte[] Data(string text) => Of(2, Encoding.UTF8.GetBytes(text));
}
