using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>The invites of this node: made, listed and revoked. Safe for use from several threads.</summary>
internal sealed class Invites
{
    /// <summary>Most characters of a label.</summary>
    public const int MaxLabelLength = 128;

    // Further nodes to find the network by; each makes the token, and its picture, larger.
    private const int MaxOtherNodes = 2;
    private const int MaxAddressesOfOthers = 2;

    private readonly NodeIdentity _identity;
    private readonly InviteBook _book;
    private readonly PeerBook _peers;
    private readonly OwnReach _reach;
    private readonly TimeProvider _time;

    public Invites(NodeIdentity identity, InviteBook book, PeerBook peers, OwnReach reach, TimeProvider time)
    {
        _identity = identity;
        _book = book;
        _peers = peers;
        _reach = reach;
        _time = time;
    }

    /// <summary>Makes an invite.</summary>
    /// <param name="network">The network to invite to.</param>
    /// <param name="terms">What the guest will be allowed.</param>
    /// <param name="uses">How many accounts it admits, 1 to 10,000.</param>
    /// <param name="validity">How long it lasts, up to 366 days.</param>
    /// <param name="label">What its owner calls it; may be empty.</param>
    /// <exception cref="NetworkException">This node may not, cannot be reached, or a value is out of range.</exception>
    public Invite Create(JoinedNetwork network, MemberTerms terms, int uses, TimeSpan validity, string label)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(terms);
        if (label.Length > MaxLabelLength || label.Any(char.IsControl)) throw new NetworkException(400, "invalid_value", $"A label has at most {MaxLabelLength} characters, none a control character.");
        var issuer = IssuerFor(network);
        if (!terms.IsWithin(issuer.Terms))
            throw new NetworkException(403, "not_allowed", $"The invite would give more than your own membership of \"{network.Charter.Name}\" does: no higher credit line and no other models can be given.");
        var nodes = Nodes(network);
        try
        {
            var invite = Invite.Create(_identity.Device, issuer, network.Charter, terms, uses, _time.GetUtcNow(), validity, nodes);
            _book.Add(invite, label);
            return invite;
        }
        catch (StatementException outOfRange)
        {
            throw new NetworkException(400, "invalid_value", outOfRange.Message, outOfRange);
        }
        catch (IdentityException full)
        {
            throw new NetworkException(409, "too_many_invites", full.Message, full);
        }
    }

    /// <summary>All invites that this device made, the newest first.</summary>
    public IReadOnlyList<InviteEntry> List() => _book.List();

    /// <summary>Revokes an invite; memberships that it gave stay.</summary>
    /// <param name="idPrefix">Its id, or enough of its beginning to be clear.</param>
    /// <exception cref="NetworkException">There is none of that id, or several begin so.</exception>
    public InviteEntry Revoke(string idPrefix)
    {
        if (string.IsNullOrEmpty(idPrefix)) throw new NetworkException(400, "invalid_value", "Say which invite: mycel invite list shows all.");
        try
        {
            return _book.Revoke(idPrefix);
        }
        catch (IdentityException unclear)
        {
            throw new NetworkException(404, "invite_not_found", unclear.Message, unclear);
        }
    }

    private Issuer IssuerFor(JoinedNetwork network)
    {
        try
        {
            var issuer = Issuer.Create(network.Charter.RootKey, _identity.Certificate, network.Membership);
            issuer.CheckTime(_time.GetUtcNow());
            return issuer;
        }
        catch (StatementException notAllowed)
        {
            throw new NetworkException(403, "not_allowed", $"This node may not invite to \"{network.Charter.Name}\": {notAllowed.Message} Ask someone who may invite.", notAllowed);
        }
    }

    private List<InviteAddress> Nodes(JoinedNetwork network)
    {
        string[] own = [.. _reach.Addresses().Where(LinkAddress.IsValid).Take(LinkAddress.MaxCount)];
        if (own.Length == 0)
        {
            throw new NetworkException(
                409, "no_address", "This node knows no address at which a guest could reach it. Give one with --link-address HOST:PORT (setting links.addresses), or make the invite on a node that can be reached.");
        }

        var others = _peers.All.Where(peer => peer.IsGreeted && peer.Networks.Contains(network.Charter.Id) && peer.Addresses.Count > 0).Take(MaxOtherNodes)
            .Select(peer => new InviteAddress(peer.Id, [.. peer.Addresses.Take(MaxAddressesOfOthers)]));
        return [new InviteAddress(_identity.Device.PeerId, own), .. others];
    }
}
