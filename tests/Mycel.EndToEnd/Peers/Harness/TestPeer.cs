using System.Net;
using Google.Protobuf;
using Mycel.EndToEnd.Harness;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;
using Mycel.Transport;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>How a peer of the tests shows itself; what is not set is proper.</summary>
internal sealed class TestPeerSetup
{
    /// <summary>Its account; null for a new one.</summary>
    public AccountKey? Account { get; init; }

    /// <summary>When its device certificate begins; null for now.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>How long its device certificate lasts.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromDays(30);

    /// <summary>What its certificate says that it may do.</summary>
    public DeviceRoles Roles { get; init; } = DeviceRoles.All;

    /// <summary>Makes what is shown in handshakes; null for a proper link certificate.</summary>
    public Func<DeviceKey, DeviceCertificate, TransportCredentials>? Credentials { get; init; }

    /// <summary>Whether it shows no certificate at all.</summary>
    public bool WithholdCertificate { get; init; }

    /// <summary>Name of the protocol in the handshake.</summary>
    public string Alpn { get; init; } = EndpointOptions.Protocol;

    /// <summary>What it answers to the streams that nodes open; null to leave them unread.</summary>
    public Func<ITransportStream, Task>? Answer { get; init; }
}

/// <summary>
/// A peer that says exactly what a test wants: it has keys and a transport of its own, and speaks the protocol from its published description.
/// </summary>
internal sealed class TestPeer : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly TestPeerSetup _setup;
    private ITransportEndpoint _endpoint = null!;

    private TestPeer(TestPeerSetup setup)
    {
        _setup = setup;
        Account = setup.Account ?? AccountKey.Create();
        Device = DeviceKey.LoadOrCreate(Path.Combine(_folder.Path, "keys"));
        Certificate = DeviceCertificate.Issue(Account, Device.PublicKey, "test peer", setup.Roles, 1, setup.From ?? DateTimeOffset.UtcNow, setup.Validity);
    }

    public AccountKey Account { get; }

    public DeviceKey Device { get; }

    public DeviceCertificate Certificate { get; }

    /// <summary>Where it can be dialled.</summary>
    public IPEndPoint EndPoint => _endpoint.LocalEndPoint;

    /// <summary>Makes a peer with keys of its own. Skips the test where this machine has no QUIC.</summary>
    public static async Task<TestPeer> CreateAsync(TestPeerSetup? setup = null)
    {
        var provider = TransportProviders.Find("ngtcp2")!;
        Assert.SkipUnless(provider.IsSupported, $"No QUIC here: {provider.WhyNot}");
        var peer = new TestPeer(setup ?? new TestPeerSetup());
        peer._endpoint = await provider.BindAsync(new EndpointOptions
        {
            Local = new IPEndPoint(IPAddress.Loopback, 0),
            Credentials = peer._setup.Credentials?.Invoke(peer.Device, peer.Certificate) ?? new TransportCredentials(LinkCertificate.Create(peer.Device, peer.Certificate, DateTimeOffset.UtcNow)),
            Validator = _ => null,
            WithholdCertificate = peer._setup.WithholdCertificate,
            Alpn = peer._setup.Alpn,
            HandshakeTimeout = TimeSpan.FromSeconds(5),
        });
        return peer;
    }

    /// <summary>Dials, and returns when both sides have accepted each other.</summary>
    public async Task<TestLink> DialAsync(IPEndPoint remote)
    {
        var link = new TestLink(this, await _endpoint.ConnectAsync(remote));
        _ = ServeAsync(link);
        return link;
    }

    /// <summary>Dials the node that made an invite.</summary>
    public Task<TestLink> DialAsync(string token) => DialAsync(PeerCalls.Addresses(token)[0]);

    /// <summary>Waits for a node's dialling.</summary>
    public async Task<TestLink> AcceptAsync()
    {
        var link = new TestLink(this, await _endpoint.AcceptAsync());
        _ = ServeAsync(link);
        return link;
    }

    /// <summary>Redeems an invite and greets: from then on the peer is a member, over this link.</summary>
    public async Task<TestLink> JoinAsync(string token)
    {
        var link = await DialAsync(token);
        await link.GreetAsync();
        await link.RedeemAsync(Invite.Parse(token));
        await link.GreetAsync(Record());
        return link;
    }

    /// <summary>This peer's own record, signed.</summary>
    public byte[] Record(Action<NodeRecord>? change = null)
    {
        var now = DateTimeOffset.UtcNow;
        var record = new NodeRecord
        {
            DeviceKey = ByteString.CopyFrom(Device.PublicKey),
            AccountKey = ByteString.CopyFrom(Account.PublicKey),
            Sequence = (ulong)now.ToUnixTimeMilliseconds(),
            IssuedAt = now.ToUnixTimeSeconds(),
            Name = "test peer",
            Version = "0.0.0",
        };
        change?.Invoke(record);
        return Sign(record, "mycel/node-record/1");
    }

    /// <summary>A statement of this peer's device.</summary>
    public byte[] Sign(IMessage body, string domain)
    {
        var bytes = body.ToByteArray();
        byte[] message = [.. System.Text.Encoding.ASCII.GetBytes(domain), 0, .. bytes];
        return new Identity.Wire.Signed { Body = ByteString.CopyFrom(bytes), Signature = ByteString.CopyFrom(Device.Sign(message)) }.ToByteArray();
    }

    public async ValueTask DisposeAsync()
    {
        await _endpoint.DisposeAsync();
        Device.Dispose();
        if (_setup.Account is null) Account.Dispose();
        _folder.Dispose();
    }

    private async Task ServeAsync(TestLink link)
    {
        try
        {
            while (await link.Connection.AcceptStreamAsync() is { } stream) _ = AnswerAsync(stream);
        }
        catch (Exception ended) when (ended is TransportException or ObjectDisposedException)
        {
            // The link has ended.
        }
    }

    private async Task AnswerAsync(ITransportStream stream)
    {
        await using (stream)
        {
            try
            {
                if (_setup.Answer is not null) await _setup.Answer(stream);
                else stream.AbortRead(1);
            }
            catch (IOException)
            {
                // The node gave up on it.
            }
        }
    }
}
