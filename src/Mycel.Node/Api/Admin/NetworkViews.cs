using System.Text.Json.Serialization;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Configuration;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Api.Admin;

/// <summary>How networks, invites and peers are shown.</summary>
internal sealed class NetworkViews(NetworkRegistry networks, ClearingPlaces places, IPeerBook peers, ILinks links, NearbyNodes nearby, PeerBackends backends, TimeProvider time)
{
    /// <summary>The networks that this node belongs to.</summary>
    public NetworkListReply Networks() => new([.. networks.Joined.Select(Of)]);

    /// <summary>The other nodes, those that are linked first.</summary>
    public PeerListReply Peers() =>
        new([.. peers.All.Select(Of).OrderByDescending(peer => peer.Linked).ThenBy(peer => peer.Name, StringComparer.OrdinalIgnoreCase).ThenBy(peer => peer.Id, StringComparer.Ordinal)]);

    /// <summary>A network.</summary>
    public NetworkReply Of(JoinedNetwork network)
    {
        var id = network.Charter.Id;
        var known = peers.All.Where(peer => peer.Networks.Contains(id)).ToList();
        return new NetworkReply(
            id.ToString(), network.Charter.Name, network.Charter.IsPublic, networks.IsRoot(network), network.Terms.MayInvite, network.Terms.Models,
            network.Terms.CreditLine, network.Membership?.NotBefore, network.Membership?.NotAfter, known.Count(peer => links.Find(peer.Id) is not null), known.Count);
    }

    /// <summary>A network, with the nodes that are known in it and those that keep its ledger.</summary>
    public NetworkReply WithMembers(JoinedNetwork network) => Of(network) with
    {
        Members = [.. networks.Members(network.Charter.Id).Select(Of)],
        Clearing = [.. places.Clearing(network).Select(Of)],
    };

    /// <summary>A node that keeps a network's ledger, or may.</summary>
    public static ClearingNodeReply Of(ClearingNode node) => new(
        node.Id.ToString(), node.Name, node.Account?.ToString(), node.IsThis, node.IsRoot, node.IsLinked, node.Clears, node.Until);

    private static MemberReply Of(NetworkMember member) => new(
        member.Id.ToString(), member.Name, member.Account.ToString(), member.IsThis, member.IsOwn, member.IsRoot, member.IsLinked,
        member.Terms is { } terms ? new TermsReply(terms.MayInvite, terms.Models, terms.CreditLine) : null, member.Since, member.LastSeen);

    /// <summary>An invite, without its token.</summary>
    public InviteReply Of(InviteEntry entry)
    {
        var invite = entry.Invite;
        return new InviteReply(
            invite.Id, invite.Network.Name, invite.Network.Id.ToString(), entry.Label, invite.Uses, entry.Members.Count, invite.NotBefore, invite.NotAfter, entry.RevokedAt, StateOf(entry),
            new TermsReply(invite.Terms.MayInvite, invite.Terms.Models, invite.Terms.CreditLine),
            [.. entry.Members.Select(use => new InviteUseReply(use.Account.ToString(), use.Device.ToString(), use.At))]);
    }

    /// <summary>Another node.</summary>
    public PeerReply Of(PeerInfo peer)
    {
        var link = links.Find(peer.Id);
        var models = peer.Record?.Models;
        var backend = backends.Linked.FirstOrDefault(backend => backend.Peer == peer.Id);
        return new PeerReply(
            peer.Id.ToString(), peer.Name, backend?.Route, peer.Account.ToString(), peer.IsOwn, [.. peer.Networks.Select(NameOf)], link is not null,
            link is null ? null : link.Carrier.ToString().ToLowerInvariant(), link?.RemoteEndPoint?.ToString(), link is null ? null : link.IsDialled ? "out" : "in", link?.Since,
            link is null || link.RoundTrip <= TimeSpan.Zero ? null : Math.Round(link.RoundTrip.TotalMilliseconds, 2),
            models is null ? [] : [.. models.Select(model => model.Name)],
            models is null || peer.IsOwn ? [] : models.Where(model => model.PromptPrice + model.CompletionPrice > 0).ToDictionary(model => model.Name, model => new ModelPrice(model.PromptPrice, model.CompletionPrice).ToString()),
            models is { Count: > 0 } ? (int)models.Max(model => model.Slots) : 0,
            models is { Count: > 0 } ? (int)models.Max(model => model.FreeSlots) : 0, string.IsNullOrEmpty(peer.Record?.Version) ? null : peer.Record.Version,
            link is null ? peer.LastSeen : time.GetUtcNow(), link is null ? links.LastError(peer.Id) : null,
            peer.IsOwn && nearby.AddressesOf(peer.Id).Count > 0, backend is null ? null : Math.Round(backend.Reliability, 2));
    }

    /// <summary>A network's name, or its id where this node is no longer in it.</summary>
    private string NameOf(NetworkId id) => networks.Joined.FirstOrDefault(network => network.Charter.Id == id)?.Charter.Name ?? id.ToString();

    private string StateOf(InviteEntry entry) =>
        entry.RevokedAt is not null ? "revoked" : entry.Members.Count >= entry.Invite.Uses ? "used_up" : entry.IsOpenAt(time.GetUtcNow()) ? "open" : "expired";
}

/// <summary>Body of <c>POST /v1/node/networks</c>.</summary>
/// <param name="Name">1 to 64 characters.</param>
/// <param name="Public">Whether newcomers are admitted without an invite; default false.</param>
internal sealed record CreateNetworkRequest(string? Name, bool? Public);

/// <summary>Body of <c>POST /v1/node/join</c>.</summary>
/// <param name="Token">The invite.</param>
internal sealed record JoinRequest(string? Token);

/// <summary>Body of <c>POST /v1/node/invites</c>.</summary>
/// <param name="Network">Name or id; may be left out where the node belongs to one network.</param>
/// <param name="Uses">How many accounts it admits; default 1.</param>
/// <param name="ExpiresS">Seconds that it is valid; default 7 days.</param>
/// <param name="Models">Models that the guest may ask for; null for all.</param>
/// <param name="CreditLine">Micro-credits that the guest may owe; default credit.line.</param>
/// <param name="MayInvite">Whether the guest may invite others; default false.</param>
/// <param name="Label">For your own list.</param>
internal sealed record CreateInviteRequest(string? Network, int? Uses, int? ExpiresS, IReadOnlyList<string>? Models, long? CreditLine, bool? MayInvite, string? Label);

internal sealed record NetworkReply(
    string Id, string Name, bool Public, bool IsRoot, bool MayInvite, IReadOnlyList<string>? Models, long CreditLine, DateTimeOffset? MemberSince, DateTimeOffset? ExpiresAt,
    int PeersLinked, int PeersKnown)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<MemberReply>? Members { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ClearingNodeReply>? Clearing { get; init; }
}

/// <summary>A node that keeps a network's ledger, or may.</summary>
/// <param name="Id">Its peer id.</param>
/// <param name="Name">Its device's name; empty where only its appointment is known.</param>
/// <param name="Account">Whose it is; null likewise.</param>
/// <param name="This">Whether it is this node.</param>
/// <param name="IsRoot">Whether it is of the root account, and needs no appointment.</param>
/// <param name="Linked">Whether it is linked now.</param>
/// <param name="Clears">Whether it does so now.</param>
/// <param name="ExpiresAt">When its appointment ends; null for none.</param>
internal sealed record ClearingNodeReply(string Id, string Name, string? Account, bool This, bool IsRoot, bool Linked, bool Clears, DateTimeOffset? ExpiresAt)
{
    /// <summary>The network's name; where the reply is about this node alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Network { get; init; }
}

/// <summary>Body of <c>POST /v1/node/clearing</c>.</summary>
/// <param name="Network">Name or id; may be left out where the node belongs to one network.</param>
/// <param name="Node">Name of the node to be appointed, or how its id begins.</param>
/// <param name="ExpiresS">Seconds that it may clear; default 90 days.</param>
internal sealed record AppointRequest(string? Network, string? Node, int? ExpiresS);

internal sealed record MemberReply(
    string Id, string Name, string Account, bool This, bool Own, bool IsRoot, bool Linked, TermsReply? Terms, DateTimeOffset? Since, DateTimeOffset? LastSeen);

internal sealed record NetworkListReply(IReadOnlyList<NetworkReply> Networks);

internal sealed record NetworkLeftReply(string Status, string Id, string Name);

internal sealed record TermsReply(bool MayInvite, IReadOnlyList<string>? Models, long CreditLine);

internal sealed record InviteUseReply(string Account, string Device, DateTimeOffset At);

internal sealed record InviteReply(
    string Id, string Network, string NetworkId, string Label, int Uses, int Used, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt, string State,
    TermsReply Terms, IReadOnlyList<InviteUseReply> Members)
{
    /// <summary>The invite itself; in the reply to making it only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Token { get; init; }
}

internal sealed record InviteListReply(IReadOnlyList<InviteReply> Invites);

/// <summary>Another node.</summary>
/// <param name="Id">Its peer id.</param>
/// <param name="Name">Its device's name.</param>
/// <param name="Route">What its models' pinned names begin with; null where it cannot be asked now.</param>
/// <param name="Account">The person it belongs to.</param>
/// <param name="Own">Whether that is this node's own account.</param>
/// <param name="Networks">Names of the networks in common.</param>
/// <param name="Linked">Whether it is linked now.</param>
/// <param name="Carrier">quic, tunnel or relay; null where it is not linked, as with what follows.</param>
/// <param name="Address">Where it is; null over a relay too.</param>
/// <param name="Direction">out where this node dialled, else in.</param>
/// <param name="Since">Since when.</param>
/// <param name="RoundTripMs">Smoothed; null where it is not known yet.</param>
/// <param name="Models">What it offers.</param>
/// <param name="Prices">What of that costs something: credits for a million tokens of the prompt, and of the answer, as <c>0.25/1</c>.</param>
/// <param name="Slots">Requests at once, of the model that has most.</param>
/// <param name="FreeSlots">How many are free, of the model that has most.</param>
/// <param name="Version">Of its program.</param>
/// <param name="LastSeen">When it was last linked; null for never.</param>
/// <param name="LastError">Why it is not linked.</param>
/// <param name="Nearby">Whether it is of this node's own account and was heard on the local network in the last minutes.</param>
/// <param name="Reliability">How far it is relied on, 0 to 1, by all answers that were seen of it; 1 where nothing bad is known, null where it cannot be asked now.</param>
internal sealed record PeerReply(
    string Id, string Name, string? Route, string Account, bool Own, IReadOnlyList<string> Networks, bool Linked, string? Carrier, string? Address, string? Direction, DateTimeOffset? Since,
    double? RoundTripMs, IReadOnlyList<string> Models, IReadOnlyDictionary<string, string> Prices, int Slots, int FreeSlots, string? Version, DateTimeOffset? LastSeen, string? LastError,
    bool Nearby, double? Reliability);

internal sealed record PeerListReply(IReadOnlyList<PeerReply> Peers);

internal sealed record FleetNodeReply(
    string Id, string Name, bool This, bool Linked, string? Carrier, string? Address, string? Direction, double? RoundTripMs, IReadOnlyList<string> Models, int Slots, int FreeSlots, string? Version,
    DateTimeOffset? LastSeen, string? LastError);

internal sealed record FleetListReply(IReadOnlyList<FleetNodeReply> Nodes);

/// <summary>A field that is not known is refused: it would be a slip that silently does nothing.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CreateNetworkRequest))]
[JsonSerializable(typeof(CreateInviteRequest))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(NetworkReply))]
[JsonSerializable(typeof(NetworkListReply))]
[JsonSerializable(typeof(NetworkLeftReply))]
[JsonSerializable(typeof(AppointRequest))]
[JsonSerializable(typeof(ClearingNodeReply))]
[JsonSerializable(typeof(InviteReply))]
[JsonSerializable(typeof(InviteListReply))]
[JsonSerializable(typeof(PeerListReply))]
[JsonSerializable(typeof(FleetListReply))]
internal sealed partial class NetworkJson : JsonSerializerContext;
