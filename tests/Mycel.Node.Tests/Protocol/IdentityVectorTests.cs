using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Identity.Wire;
using static Mycel.Node.Tests.Protocol.VectorFile;
using DeviceCertificate = Mycel.Identity.Certificates.DeviceCertificate;
using Membership = Mycel.Identity.Networks.Membership;
using RevocationList = Mycel.Identity.Certificates.RevocationList;

namespace Mycel.Node.Tests.Protocol;

/// <summary>The examples of signed statements that other programs are tested with: ours makes the very same bytes, and reads them.</summary>
public sealed class IdentityVectorTests
{
    private const string Name = "identity.json";

    /// <summary>ECDSA is made with random numbers: the certificate is kept as it was once made, and checked anew.</summary>
    private static readonly Lazy<byte[]> LinkDer = new(() =>
    {
        if (Read(Name)?["tls_binding"]?["link_certificate"] is { } kept) return Bytes(kept);
        using var keys = new VectorKeys();
        using X509Certificate2 made = LinkCertificate.Create(keys.RootDevice, keys.RootCertificate, VectorKeys.Now);
        return made.RawData;
    });

    [Fact]
    public void The_file_is_what_this_program_makes()
    {
        using var keys = new VectorKeys();
        Check(Name, new JsonObject
        {
            ["about"] = "Signed statements (docs/protocol/identity.md). Bytes are in hexadecimal digits, times in Unix seconds; `signed` is a serialized Signed. Everything is valid at `now`.",
            ["now"] = VectorKeys.Now.ToUnixTimeSeconds(),
            ["keys"] = Keys(keys),
            ["device_certificate"] = Statement(keys.RootCertificate.ToBytes(), Identity.Statement.DeviceCertificate, keys.RootAccount.PublicKey, Body(keys.RootCertificate)),
            ["revocation_list"] = Statement(Revocations(keys).ToBytes(), Identity.Statement.RevocationList, keys.GuestAccount.PublicKey, new JsonObject { ["account"] = keys.GuestAccount.AccountId.ToString(), ["sequence"] = 1, ["peer_ids"] = new JsonArray(keys.RootDevice.PeerId.ToString()) }),
            ["network"] = Statement(keys.Charter.ToBytes(), Identity.Statement.Network, keys.RootAccount.PublicKey, new JsonObject { ["network_id"] = keys.Charter.Id.ToString(), ["name"] = "friends", ["is_public"] = false, ["sequence"] = 1 }),
            ["membership"] = Statement(keys.Membership.ToBytes(), Identity.Statement.Membership, keys.RootDevice.PublicKey, new JsonObject { ["member"] = keys.GuestAccount.AccountId.ToString(), ["may_invite"] = false, ["models"] = new JsonArray("small", "large"), ["credit_line"] = 5_000_000, ["invite_id"] = Hex(VectorKeys.InviteId) }),
            ["invite"] = Statement(Invite(keys).ToBytes(), Identity.Statement.Invite, keys.RootDevice.PublicKey, new JsonObject { ["token"] = Invite(keys).ToToken(), ["uses"] = 3, ["addresses"] = new JsonArray("192.0.2.1:8421", "[2001:db8::1]:8421") }),
            ["tls_binding"] = LinkVector(keys),
            ["refused"] = Refused(keys),
        });
    }

    [Fact]
    public void What_the_file_holds_is_read_as_it_says()
    {
        using var keys = new VectorKeys();
        var file = Read(Name)!;
        var device = DeviceCertificate.Parse(SignedOf("device_certificate"));
        device.CheckTime(VectorKeys.Now);
        Assert.Equal(keys.RootDevice.PeerId, device.PeerId);
        Assert.True(RevocationList.Parse(SignedOf("revocation_list")).Contains(keys.RootDevice.PeerId));
        Assert.Equal("friends", NetworkCharter.Parse(SignedOf("network")).Name);
        var membership = Membership.Parse(SignedOf("membership"));
        membership.CheckTime(VectorKeys.Now);
        Assert.Equal(keys.GuestAccount.AccountId, membership.Member);
        Assert.Equal(["small", "large"], membership.Terms.Models!);
        var invite = Identity.Networks.Invite.Parse((string)file["invite"]!["says"]!["token"]!);
        invite.CheckTime(VectorKeys.Now);
        Assert.Equal(SignedOf("invite"), invite.ToBytes());
        Assert.Equal(keys.RootDevice.PeerId, LinkCertificate.Verify(Bytes(file["tls_binding"]!["link_certificate"]), VectorKeys.Now).PeerId);

        byte[] SignedOf(string what) => Bytes(file[what]!["signed"]);
    }

    [Fact]
    public void What_the_file_says_is_refused_is_refused()
    {
        var refused = Read(Name)!["refused"]!.AsArray();
        Assert.NotEmpty(refused);
        foreach (var vector in refused)
        {
            var bytes = Bytes(vector!["signed"]);
            Assert.Throws<StatementException>(() => Use((string)vector["kind"]!, bytes));
        }
    }

    private static void Use(string kind, byte[] bytes)
    {
        switch (kind)
        {
            case "device_certificate":
                DeviceCertificate.Parse(bytes).CheckTime(VectorKeys.Now);
                break;
            case "membership":
                Membership.Parse(bytes).CheckTime(VectorKeys.Now);
                break;
            case "invite":
                Identity.Networks.Invite.Read(bytes).CheckTime(VectorKeys.Now);
                break;
            case "network":
                NetworkCharter.Parse(bytes);
                break;
            case "link_certificate":
                LinkCertificate.Verify(bytes, VectorKeys.Now);
                break;
            default:
                throw new InvalidOperationException(kind);
        }
    }

    private static JsonObject Keys(VectorKeys keys)
    {
        return new JsonObject
        {
            ["root_account"] = Key(VectorKeys.RootAccountSeed, keys.RootAccount.PublicKey, "account_id", keys.RootAccount.AccountId.ToString()),
            ["root_device"] = Key(VectorKeys.RootDeviceSeed, keys.RootDevice.PublicKey, "peer_id", keys.RootDevice.PeerId.ToString()),
            ["guest_account"] = Key(VectorKeys.GuestAccountSeed, keys.GuestAccount.PublicKey, "account_id", keys.GuestAccount.AccountId.ToString()),
            ["guest_device"] = Key(VectorKeys.GuestDeviceSeed, keys.GuestDevice.PublicKey, "peer_id", keys.GuestDevice.PeerId.ToString()),
        };

        static JsonObject Key(byte[] seed, ReadOnlySpan<byte> publicKey, string idName, string id) => new() { ["seed"] = Hex(seed), ["public_key"] = Hex(publicKey), [idName] = id };
    }

    private static JsonObject Statement(byte[] signed, string domain, ReadOnlySpan<byte> signer, JsonObject says)
    {
        var parts = Signed.Parser.ParseFrom(signed);
        return new JsonObject
        {
            ["domain"] = domain,
            ["signer"] = Hex(signer),
            ["says"] = says,
            ["body"] = Hex(parts.Body.Span),
            ["signature"] = Hex(parts.Signature.Span),
            ["signed"] = Hex(signed),
        };
    }

    private static JsonObject Body(DeviceCertificate certificate) => new()
    {
        ["account_id"] = certificate.AccountId.ToString(),
        ["peer_id"] = certificate.PeerId.ToString(),
        ["device_name"] = certificate.DeviceName,
        ["roles"] = new JsonArray(1, 2, 3, 4),
        ["serial"] = certificate.Serial,
        ["not_before"] = certificate.NotBefore.ToUnixTimeSeconds(),
        ["not_after"] = certificate.NotAfter.ToUnixTimeSeconds(),
    };

    private static RevocationList Revocations(VectorKeys keys) => RevocationList.Add(keys.GuestAccount, null, keys.RootDevice.PeerId, VectorKeys.Now);

    internal static Identity.Networks.Invite Invite(VectorKeys keys) => Identity.Networks.Invite.Read(Sign(keys, InviteBody(keys), Identity.Statement.Invite));

    private static Identity.Wire.Invite InviteBody(VectorKeys keys)
    {
        var body = new Identity.Wire.Invite
        {
            InviteId = ByteString.CopyFrom(VectorKeys.InviteId),
            Network = keys.Charter.Signed,
            Terms = new Terms { CreditLine = 5_000_000, Models = { "small", "large" } },
            MaxUses = 3,
            NotBefore = VectorKeys.Now.ToUnixTimeSeconds(),
            NotAfter = VectorKeys.Now.AddDays(7).ToUnixTimeSeconds(),
            IssuerCertificate = keys.RootCertificate.Signed,
        };
        body.Bootstrap.Add(new Bootstrap { PeerId = ByteString.CopyFrom(Convert.FromHexString(keys.RootDevice.PeerId.ToString())), Addresses = { "192.0.2.1:8421", "[2001:db8::1]:8421" } });
        return body;
    }

    private static byte[] Sign(VectorKeys keys, IMessage body, string domain) => Identity.Statement.Sign(message => keys.RootDevice.Sign(message), domain, body).ToByteArray();

    private static JsonObject LinkVector(VectorKeys keys)
    {
        byte[] der = LinkDer.Value;
        using var certificate = X509CertificateLoader.LoadCertificate(der);
        byte[] info = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return new JsonObject
        {
            ["oid"] = LinkCertificate.ExtensionOid,
            ["domain"] = Identity.Statement.TlsBinding,
            ["subject_public_key_info"] = Hex(info),
            ["signature"] = Hex(keys.RootDevice.Sign(Identity.Statement.Message(Identity.Statement.TlsBinding, info))),
            ["extension"] = Hex(certificate.Extensions.Single(extension => extension.Oid!.Value == LinkCertificate.ExtensionOid).RawData),
            ["link_certificate"] = Hex(der),
        };
    }

    private static JsonArray Refused(VectorKeys keys)
    {
        var certificate = keys.RootCertificate.Signed;
        var expired = DeviceCertificate.Issue(keys.RootAccount, keys.RootDevice.PublicKey, "desk", DeviceRoles.All, 1, VectorKeys.Now - (2 * VectorKeys.Year), VectorKeys.Year);
        var tooMuch = InviteBody(keys);
        tooMuch.MaxUses = 10_001;
        var foreign = InviteBody(keys);
        foreign.Bootstrap[0].PeerId = ByteString.CopyFrom(Convert.FromHexString(keys.GuestDevice.PeerId.ToString()));
        var stolen = Membership.Issue(keys.RootDevice, keys.Issuer, keys.GuestAccount.PublicKey, VectorKeys.Terms, 1, VectorKeys.Now, null, []).Signed.Clone();
        var body = Identity.Wire.Membership.Parser.ParseFrom(stolen.Body);
        body.Terms.CreditLine = 6_000_000;
        stolen.Body = body.ToByteString();
        byte[] link = Bytes(LinkVector(keys)["link_certificate"]);
        link[IndexOf(link, Convert.FromHexString(Hex(keys.RootCertificate.Signed.Signature.Span)))] ^= 1;
        return new JsonArray
        {
            Vector("device_certificate", "one bit of the signature is wrong", new Signed { Body = certificate.Body, Signature = ByteString.CopyFrom([(byte)(certificate.Signature[0] ^ 1), .. certificate.Signature.Span[1..]]) }.ToByteArray()),
            Vector("device_certificate", "signed by the device instead of the account", Sign(keys, Identity.Wire.DeviceCertificate.Parser.ParseFrom(certificate.Body), Identity.Statement.DeviceCertificate)),
            Vector("device_certificate", "signed under the domain of another kind of statement", Identity.Statement.Sign(message => keys.RootAccount.Sign(message), Identity.Statement.Network, Identity.Wire.DeviceCertificate.Parser.ParseFrom(certificate.Body)).ToByteArray()),
            Vector("device_certificate", "expired a year ago", expired.ToBytes()),
            Vector("membership", "the credit line was raised after signing", stolen.ToByteArray()),
            Vector("invite", "more uses than an invite may have", Sign(keys, tooMuch, Identity.Statement.Invite)),
            Vector("invite", "the first node is not the one that made it", Sign(keys, foreign, Identity.Statement.Invite)),
            Vector("network", "a device certificate is no network", certificate.ToByteArray()),
            Vector("link_certificate", "one bit of the device certificate's signature is wrong", link),
        };

        static JsonObject Vector(string kind, string why, byte[] bytes) => new() { ["kind"] = kind, ["why"] = why, ["signed"] = Hex(bytes) };
    }

    private static int IndexOf(byte[] bytes, byte[] part)
    {
        int at = bytes.AsSpan().IndexOf(part);
        Assert.True(at >= 0);
        return at;
    }
}
