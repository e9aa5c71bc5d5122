using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Networks;

/// <summary>Joins networks by invites.</summary>
internal sealed class Joiner
{
    /// <summary>How long the inviting node has to answer once it is linked.</summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(20);

    private readonly NodeIdentity _identity;
    private readonly NetworkRegistry _registry;
    private readonly RevocationBook _revocations;
    private readonly Greeter _greeter;
    private readonly ILinks _links;
    private readonly ILinkStarter _starter;
    private readonly TimeProvider _time;

    public Joiner(NodeIdentity identity, NetworkRegistry registry, RevocationBook revocations, Greeter greeter, ILinks links, ILinkStarter starter, TimeProvider time)
    {
        _identity = identity;
        _registry = registry;
        _revocations = revocations;
        _greeter = greeter;
        _links = links;
        _starter = starter;
        _time = time;
    }

    /// <summary>
    /// Joins the network of an invite: links with the node that made it, gets the membership, and greets. Returns when that node knows this one
    /// as a member. For a network that this node is in already, it only learns the invite's nodes, and no use is counted.
    /// </summary>
    /// <param name="token">As <c>mycel invite create</c> printed it; white space is ignored.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="NetworkException">The invite is damaged, over or refused, or its node cannot be reached.</exception>
    public async Task<JoinedNetwork> JoinAsync(string token, CancellationToken cancellation)
    {
        var invite = Read(token);
        await StartLinksAsync();
        if (_registry.Find(invite.Network.Id) is { } known && IsMember(known)) return await RenewAsync(known, invite, cancellation);
        Exception? failure = null;
        foreach (var node in invite.Nodes)
        {
            try
            {
                return await JoinAtAsync(invite, node, cancellation);
            }
            catch (Exception unreached) when (unreached is LinkException or TransportException or FrameException or TimeoutException)
            {
                failure ??= unreached;
            }
        }

        throw new NetworkException(
            502, "peer_unreachable", $"The node that made the invite cannot be reached: {failure!.Message} Check that it runs and that this machine can reach {string.Join(", ", invite.Nodes[0].Addresses)}.", failure);
    }

    private Invite Read(string token)
    {
        try
        {
            var invite = Invite.Parse(token);
            invite.CheckTime(_time.GetUtcNow());
            if (invite.Issuer.Chain().Any(device => _revocations.IsRevoked(device.AccountId, device.PeerId)))
                throw new StatementException("The device that made the invite, or one that its right to do so came from, was cast out by its account.");
            if (invite.Nodes[0].PeerId == _identity.Device.PeerId)
                throw new StatementException("This node made the invite itself. Use it on another machine.");
            return invite;
        }
        catch (StatementException invalid)
        {
            throw new NetworkException(400, "invite_invalid", invalid.Message, invalid);
        }
    }

    private async Task StartLinksAsync()
    {
        try
        {
            await _starter.EnsureStartedAsync();
        }
        catch (LinkException impossible)
        {
            throw new NetworkException(502, "peer_unreachable", impossible.Message, impossible);
        }
    }

    private bool IsMember(JoinedNetwork network)
    {
        if (network.Membership is null) return true;
        try
        {
            network.Membership.CheckTime(_time.GetUtcNow());
            return !(network.Membership.Issuer?.Chain().Any(device => _revocations.IsRevoked(device.AccountId, device.PeerId)) ?? false);
        }
        catch (StatementException)
        {
            return false;
        }
    }

    /// <summary>Already in: the invite's nodes are of use all the same.</summary>
    private async Task<JoinedNetwork> RenewAsync(JoinedNetwork known, Invite invite, CancellationToken cancellation)
    {
        var charter = invite.Network.Sequence > known.Charter.Sequence ? invite.Network : known.Charter;
        var network = _registry.Keep(known with { Charter = charter, Nodes = Others(invite) });
        foreach (var node in network.Nodes)
        {
            try
            {
                await _greeter.GreetAsync(await _links.ConnectAsync(node.PeerId, node.Addresses, cancellation), cancellation);
                break;
            }
            catch (Exception unreached) when (unreached is LinkException or TransportException or FrameException or RefusedException or StatementException or TimeoutException)
            {
                // It is tried again whenever nodes are linked; to be a member does not depend on it.
            }
        }

        return network;
    }

    private async Task<JoinedNetwork> JoinAtAsync(Invite invite, InviteAddress node, CancellationToken cancellation)
    {
        var link = await _links.ConnectAsync(node.PeerId, node.Addresses, cancellation);
        var redeemed = await AskAsync(link, invite, cancellation);
        var network = _registry.Keep(Check(invite, redeemed));
        try
        {
            await _greeter.GreetAsync(link, cancellation);
        }
        catch (Exception late) when (late is TransportException or FrameException or RefusedException or StatementException or TimeoutException)
        {
            // The membership is here and stays; the greeting is tried again for as long as the node runs.
            _greeter.GreetAnew(link);
        }

        return network;
    }

    private async Task<Redeemed> AskAsync(Link link, Invite invite, CancellationToken cancellation)
    {
        var byInvite = new Redeem { InviteId = ByteString.CopyFrom(Convert.FromHexString(invite.Id)), NetworkId = WireIds.Of(invite.Network.Id.Hash), Proof = ByteString.CopyFrom(Redemption.ProofOf(invite)) };
        try
        {
            return await AskAsync(link, byInvite, cancellation);
        }
        catch (RefusedException) when (invite.Network.IsPublic)
        {
            // An invite that is used up still shows the way to a network that admits everybody.
            return await TranslateAsync(() => AskAsync(link, new Redeem { NetworkId = byInvite.NetworkId }, cancellation));
        }
        catch (RefusedException refused)
        {
            throw Refused(refused);
        }
    }

    private async Task<Redeemed> AskAsync(Link link, Redeem request, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(AnswerTime, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await using var stream = await link.OpenAsync(new StreamHeader { Version = 1, Kind = Kind.Redeem, DeadlineMs = (uint)AnswerTime.TotalMilliseconds, Redeem = request }, both.Token);
            await stream.Writer.FlushAsync(end: true, both.Token);
            return await stream.ReadMessageAsync(Redeemed.Parser, both.Token) ?? throw new FrameException("The answer to the invite is empty.");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"It did not answer in {AnswerTime.TotalSeconds:N0} s.");
        }
    }

    private static async Task<Redeemed> TranslateAsync(Func<Task<Redeemed>> ask)
    {
        try
        {
            return await ask();
        }
        catch (RefusedException refused)
        {
            throw Refused(refused);
        }
    }

    private static NetworkException Refused(RefusedException refused)
        => refused.Refusal.Status >= 500
            ? new NetworkException(502, "peer_unreachable", $"The inviting node cannot admit now: {refused.Message}", refused)
            : new NetworkException(403, "invite_refused", $"The inviting node refuses: {refused.Message}", refused);

    /// <summary>What came is believed no more than what anyone else shows.</summary>
    private JoinedNetwork Check(Invite invite, Redeemed redeemed)
    {
        try
        {
            var proof = NetworkProof.Read(new MemberProof { Charter = redeemed.Charter, Membership = redeemed.Membership }, _identity.Certificate.AccountKey);
            if (proof.Charter.Id != invite.Network.Id) throw new StatementException("It is a membership of another network.");
            proof.Check(_revocations, _time.GetUtcNow());
            return new JoinedNetwork(proof.Charter, proof.Membership, Others(invite));
        }
        catch (StatementException wrong)
        {
            throw new NetworkException(502, "invite_refused", $"The inviting node gave something else than a membership: {wrong.Message}", wrong);
        }
    }

    private InviteAddress[] Others(Invite invite) => [.. invite.Nodes.Where(node => node.PeerId != _identity.Device.PeerId)];
}
