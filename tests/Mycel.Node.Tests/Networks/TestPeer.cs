using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>Another node as one sees it: an identity, the statements that it makes, and no links.</summary>
internal sealed class TestPeer : IDisposable
{
    private readonly TestFolder _folder = new();

    public TestPeer(TimeProvider time, AccountKey? account = null, string name = "peer")
    {
        account?.Save(_folder.Path);
        Identity = NodeIdentity.LoadOrCreate(_folder.Path, name, passphrase: null, time);
    }

    public NodeIdentity Identity { get; }

    public PeerId Id => Identity.Device.PeerId;

    public AccountId Account => Identity.Certificate.AccountId;

    public ProvenPeer Proven => new(Identity.Certificate);

    /// <summary>Its record, signed.</summary>
    public ByteString Record(DateTimeOffset at, ulong sequence, IEnumerable<NetworkId> networks, Action<NodeRecord>? change = null)
        => NodeRecords.Sign(Identity.Device, Unsigned(at, sequence, networks, change));

    public NodeRecord Unsigned(DateTimeOffset at, ulong sequence, IEnumerable<NetworkId> networks, Action<NodeRecord>? change = null)
        => Records.Make(Identity.Device.PublicKey, Identity.Certificate.AccountKey, at, sequence, networks, change);

    /// <summary>What it shows, once a member of the network admitted it.</summary>
    public NetworkProof ProofIn(JoinedNetwork network, NodeIdentity admitting, MemberTerms? terms = null, ulong sequence = 1, DateTimeOffset? from = null, DateTimeOffset? until = null)
        => NetworkProof.Read(ShownIn(network, admitting, terms, sequence, from, until), Identity.Certificate.AccountKey);

    public MemberProof ShownIn(JoinedNetwork network, NodeIdentity admitting, MemberTerms? terms = null, ulong sequence = 1, DateTimeOffset? from = null, DateTimeOffset? until = null)
    {
        var issuer = Issuer.Create(network.Charter.RootKey, admitting.Certificate, network.Membership);
        var membership = Membership.Issue(admitting.Device, issuer, Identity.Certificate.AccountKey, terms ?? new MemberTerms(), sequence, from ?? admitting.Certificate.NotBefore, until, []);
        return new MemberProof { Charter = ByteString.CopyFrom(network.Charter.ToBytes()), Membership = ByteString.CopyFrom(membership.ToBytes()) };
    }

    public void Dispose()
    {
        Identity.Dispose();
        _folder.Dispose();
    }
}

/// <summary>Records as tests need them.</summary>
internal static class Records
{
    public static NodeRecord Make(ReadOnlySpan<byte> deviceKey, ReadOnlySpan<byte> accountKey, DateTimeOffset at, ulong sequence, IEnumerable<NetworkId> networks, Action<NodeRecord>? change)
    {
        var record = new NodeRecord
        {
            DeviceKey = ByteString.CopyFrom(deviceKey),
            AccountKey = ByteString.CopyFrom(accountKey),
            Sequence = sequence,
            IssuedAt = at.ToUnixTimeSeconds(),
            Name = "peer",
            Version = "0.1.0",
        };
        record.Addresses.Add("192.0.2.1:8421");
        record.Networks.AddRange(networks.Select(id => WireIds.Of(id.Hash)));
        change?.Invoke(record);
        return record;
    }

    public static ModelOffer Offer(string name, params NetworkId[] networks)
    {
        var offer = new ModelOffer { Name = name, Slots = 4, FreeSlots = 2 };
        offer.Networks.AddRange(networks.Select(id => WireIds.Of(id.Hash)));
        return offer;
    }
}
