using System.Net;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Discovery.Lan;

/// <summary>
/// Decides what a datagram from the local network is worth. What it says counts only where a device of the account signed it, just now, and said nothing
/// later. Where it came from is not proved, and need not be: whoever answers there must prove in the link's handshake to be that device. For one thread at
/// a time.
/// </summary>
internal sealed class LanReader(NodeIdentity identity, FleetKey fleet, RevocationBook revocations, NearbyNodes nearby, TimeProvider time)
{
    private readonly LanGate _gate = new(time);

    /// <summary>Looks at a datagram.</summary>
    /// <param name="datagram">What came.</param>
    /// <param name="source">Where from.</param>
    /// <param name="heard">What was said and what is new about it; null where that is nothing.</param>
    public LanVerdict Read(ReadOnlySpan<byte> datagram, IPEndPoint source, out LanNews? heard)
    {
        heard = null;
        if (!_gate.Allows(source.Address)) return LanVerdict.Dropped;
        try
        {
            if (LanCodec.Open(fleet, datagram) is not { } said) return LanVerdict.Foreign;
            var peer = said.Certificate.PeerId;
            if (peer == identity.Device.PeerId) return LanVerdict.Own;
            if (revocations.IsRevoked(said.Certificate.AccountId, peer)) return LanVerdict.Refused;
            LanCodec.CheckTime(said, time.GetUtcNow());
            var news = nearby.Hear(peer, said.IssuedAtMs, AddressesOf(said.Ports, source.Address));
            if (news == NearbyNews.None) return LanVerdict.Repeated;
            heard = new LanNews(said, news);
            return LanVerdict.Taken;
        }
        catch (StatementException)
        {
            return LanVerdict.Refused;
        }
    }

    /// <summary>The ports at the address that the datagram came from.</summary>
    private static List<string> AddressesOf(LanPorts ports, IPAddress source)
    {
        var addresses = new List<string>(2);
        if (ports.Link > 0) addresses.Add(LinkAddress.Text(source, ports.Link));
        // A link-local address means something with its interface only, which a URL cannot name.
        if (ports.Tunnel > 0 && !source.IsIPv6LinkLocal) addresses.Add("http://" + LinkAddress.Text(source, ports.Tunnel));
        return addresses;
    }
}

/// <summary>A device of the own account was heard.</summary>
/// <param name="Said">What it said.</param>
/// <param name="News">What is new about it.</param>
internal sealed record LanNews(LanAnnouncement Said, NearbyNews News);

/// <summary>What a datagram was.</summary>
internal enum LanVerdict
{
    /// <summary>An announcement by a device of the own account.</summary>
    Taken,

    /// <summary>One that was heard before, or is older than the latest of the device.</summary>
    Repeated,

    /// <summary>This node's own.</summary>
    Own,

    /// <summary>Of another account, or no announcement at all: the two look alike.</summary>
    Foreign,

    /// <summary>Sealed as one of the account, but cast out, out of its time, out of bounds, or not signed by a device of it.</summary>
    Refused,

    /// <summary>Not looked at: too many came.</summary>
    Dropped,
}
