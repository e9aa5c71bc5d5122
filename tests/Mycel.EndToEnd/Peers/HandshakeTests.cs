using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Peers.Harness;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Wire;
using Mycel.Transport;
using DeviceCertificate = Mycel.Identity.Certificates.DeviceCertificate;
using RevocationList = Mycel.Identity.Certificates.RevocationList;

namespace Mycel.EndToEnd.Peers;

/// <summary>Whoever cannot prove to be a device that is welcome gets no link, and nothing is spent on it.</summary>
public sealed class HandshakeTests(HandshakeTests.Host host) : IClassFixture<HandshakeTests.Host>
{
    /// <summary>A node with a network, and a link that stays proper throughout.</summary>
    public sealed class Host : IAsyncLifetime
    {
        internal NodeProcess Node { get; private set; } = null!;

        internal FaultyDevice Device { get; } = FaultyDevice.Start();

        public async ValueTask InitializeAsync()
        {
            Node = await PeerCalls.StartAsync(Device);
            await Node.CreateNetworkAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Node.DisposeAsync();
            await Device.DisposeAsync();
        }
    }

    private static Dictionary<string, Func<DeviceKey, DeviceCertificate, TransportCredentials>> BadCredentials => new()
    {
        ["an ordinary certificate"] = (_, _) => Credentials(null),
        ["an empty extension"] = (_, _) => Credentials(_ => []),
        ["garbage in the extension"] = (_, _) => Credentials(_ => RandomNumberGenerator.GetBytes(300)),
        ["a huge extension"] = (_, _) => Credentials(_ => new byte[20_000]),
        ["an extension that is not critical"] = (device, certificate) => Credentials(key => Binding(certificate, Sign(device, key)), isCritical: false),
        ["a binding of another key"] = (device, certificate) => Credentials(_ => Binding(certificate, Sign(device, [1, 2, 3]))),
        ["a binding by another device"] = (_, certificate) =>
        {
            using var folder = new TempFolder();
            using var thief = DeviceKey.LoadOrCreate(Path.Combine(folder.Path, "thief"));
            return Credentials(key => Binding(certificate, Sign(thief, key)));
        },
        ["a device that no account has signed"] = (device, certificate) => Credentials(key =>
        {
            var forged = Signed.Parser.ParseFrom(certificate.ToBytes());
            var body = Identity.Wire.DeviceCertificate.Parser.ParseFrom(forged.Body);
            body.Roles.Clear();
            body.NotAfter += 1;
            forged.Body = body.ToByteString();
            return Binding(forged, Sign(device, key));
        }),
        ["a TLS certificate that has expired"] = (device, certificate) => Credentials(key => Binding(certificate, Sign(device, key)), DateTimeOffset.UtcNow.AddDays(-30)),
    };

    public static TheoryData<string> Kinds() => [.. BadCredentials.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task A_certificate_that_proves_no_device_is_refused(string kind) => MustBeRefusedAsync(new TestPeerSetup { Credentials = BadCredentials[kind] });

    [Fact]
    public Task No_certificate_is_refused() => MustBeRefusedAsync(new TestPeerSetup { WithholdCertificate = true });

    [Fact]
    public Task Another_protocol_is_refused() => MustBeRefusedAsync(new TestPeerSetup { Alpn = "h3" });

    [Fact]
    public Task An_expired_device_certificate_is_refused() =>
        MustBeRefusedAsync(new TestPeerSetup { From = DateTimeOffset.UtcNow.AddDays(-40), Validity = TimeSpan.FromDays(39), Credentials = Proper });

    [Fact]
    public Task A_device_certificate_of_the_future_is_refused() => MustBeRefusedAsync(new TestPeerSetup { From = DateTimeOffset.UtcNow.AddHours(2), Credentials = Proper });

    [Fact]
    public async Task What_another_node_shows_cannot_be_shown_again()
    {
        // The node's own binding, as it showed it, in a certificate with another key.
        await using var spy = await TestPeer.CreateAsync();
        var token = await host.Node.InviteAsync();
        byte[] seen;
        await using (var link = await spy.DialAsync(token)) seen = link.Connection.PeerCertificate.ToArray();
        using var shown = X509CertificateLoader.LoadCertificate(seen);
        var extension = shown.Extensions.Single(e => e.Oid!.Value == LinkCertificate.ExtensionOid).RawData;
        await MustBeRefusedAsync(new TestPeerSetup { Credentials = (_, _) => Credentials(_ => extension) });
    }

    [Fact]
    public async Task A_device_that_its_account_casts_out_loses_its_link_and_gets_no_other()
    {
        using var account = AccountKey.Create();
        await using var stolen = await TestPeer.CreateAsync(new TestPeerSetup { Account = account });
        await using var kept = await TestPeer.CreateAsync(new TestPeerSetup { Account = account });
        var token = await host.Node.InviteAsync();
        await using var doomed = await stolen.JoinAsync(token);
        (await doomed.AskAsync(NodeCalls.ChatBody(host.Device.Model))).MustBeWhole();
        await using var teller = await kept.JoinAsync(token);
        var list = RevocationList.Add(account, null, stolen.Device.PeerId, DateTimeOffset.UtcNow);
        await teller.GreetAsync(kept.Record(), [list.ToBytes()]);

        await doomed.Connection.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        await MustNotStayAsync(stolen, token);

        // The account's other device is as welcome as before.
        (await teller.AskAsync(NodeCalls.ChatBody(host.Device.Model))).MustBeWhole();
    }

    [Fact]
    public async Task A_revocation_list_that_another_account_signed_casts_nobody_out()
    {
        await using var victim = await TestPeer.CreateAsync();
        await using var liar = await TestPeer.CreateAsync();
        var token = await host.Node.InviteAsync();
        await using var link = await victim.JoinAsync(token);
        await using var lying = await liar.JoinAsync(token);
        var list = RevocationList.Add(liar.Account, null, victim.Device.PeerId, DateTimeOffset.UtcNow).ToBytes();
        await lying.GreetAsync(liar.Record(), [list]);
        var forged = Signed.Parser.ParseFrom(list);
        var body = Identity.Wire.RevocationList.Parser.ParseFrom(forged.Body);
        body.AccountKey = ByteString.CopyFrom(victim.Account.PublicKey);
        forged.Body = body.ToByteString();
        (await lying.TryGreetAsync(liar.Record(), [forged.ToByteArray()])).MustRefuse(400, "protocol");
        (await link.AskAsync(NodeCalls.ChatBody(host.Device.Model))).MustBeWhole();
    }

    private static TransportCredentials Proper(DeviceKey device, DeviceCertificate certificate) => Credentials(key => Binding(certificate, Sign(device, key)));

    private static byte[] Sign(DeviceKey device, byte[] publicKeyInfo) => device.Sign([.. "mycel/tls-binding/1"u8, 0, .. publicKeyInfo]);

    private static byte[] Binding(DeviceCertificate certificate, byte[] signature) => Binding(Signed.Parser.ParseFrom(certificate.ToBytes()), signature);

    private static byte[] Binding(Signed certificate, byte[] signature) => new TlsBinding { DeviceCertificate = certificate, Signature = ByteString.CopyFrom(signature) }.ToByteArray();

    /// <summary>A self-signed certificate whose extension is made from its public key.</summary>
    private static TransportCredentials Credentials(Func<byte[], byte[]>? extension, DateTimeOffset? from = null, bool isCritical = true)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mycel", key, HashAlgorithmName.SHA256);
        if (extension is not null) request.CertificateExtensions.Add(new X509Extension(LinkCertificate.ExtensionOid, extension(key.ExportSubjectPublicKeyInfo()), isCritical));
        var begin = from ?? DateTimeOffset.UtcNow.AddMinutes(-5);
        return new TransportCredentials(request.CreateSelfSigned(begin, begin.AddDays(7)));
    }

    private async Task MustBeRefusedAsync(TestPeerSetup setup)
    {
        await using var peer = await TestPeer.CreateAsync(setup);
        var token = await host.Node.InviteAsync();
        var requests = host.Device.HeadsSeen;
        await Assert.ThrowsAnyAsync<Exception>(() => UseAsync(peer, token));
        Assert.Equal(requests, host.Device.HeadsSeen);
        await using var proper = await TestPeer.CreateAsync();
        await using var link = await proper.JoinAsync(token);
        (await link.AskAsync(NodeCalls.ChatBody(host.Device.Model))).MustBeWhole();
    }

    private async Task MustNotStayAsync(TestPeer peer, string token)
    {
        await Assert.ThrowsAnyAsync<Exception>(() => UseAsync(peer, token));
        Assert.Null((await host.Node.PeersAsync()).FirstOrDefault(known => (string?)known["id"] == peer.Device.PeerId.ToString() && (bool)known["linked"]!));
    }

    /// <summary>Dialling may seem to succeed for a moment: TLS tells a client's refusal only after its own part is done.</summary>
    private static async Task UseAsync(TestPeer peer, string token)
    {
        await using var link = await peer.DialAsync(token);
        await link.PingAsync();
    }
}
