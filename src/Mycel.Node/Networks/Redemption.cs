using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>Admits guests to networks: by invites that this device made, or freely to public ones. Safe for use from several threads.</summary>
internal sealed class Redemption : IDisposable
{
    /// <summary>Admissions at once; each waits for the disk.</summary>
    public const int MaxAtOnce = 4;

    /// <summary>Guests that wait for their turn.</summary>
    public const int MaxWaiting = 256;

    /// <summary>Requests of one device among them.</summary>
    public const int MaxWaitingOfOne = 16;

    private const string Domain = "mycel/redeem/1\0";
    private const int ProofBytes = SHA256.HashSizeInBytes;

    private readonly NodeIdentity _identity;
    private readonly NetworkRegistry _registry;
    private readonly InviteBook _invites;
    private readonly RevocationBook _revocations;
    private readonly TimeProvider _time;
    private readonly ILogger<Redemption> _log;
    private readonly SemaphoreSlim _turns = new(MaxAtOnce);
    private readonly ConcurrentDictionary<PeerId, int> _waitingOf = new();
    private int _waiting;

    public Redemption(NodeIdentity identity, NetworkRegistry registry, InviteBook invites, RevocationBook revocations, TimeProvider time, ILogger<Redemption> log)
    {
        _identity = identity;
        _registry = registry;
        _invites = invites;
        _revocations = revocations;
        _time = time;
        _log = log;
    }

    /// <summary>What shows that a guest has the invite whole, not only its id, which others see in memberships.</summary>
    public static byte[] ProofOf(Invite invite) => SHA256.HashData([.. Encoding.ASCII.GetBytes(Domain), .. invite.ToBytes()]);

    /// <summary>Admits a guest.</summary>
    /// <param name="guest">As the handshake proved it.</param>
    /// <param name="request">What it asks.</param>
    /// <param name="cancellation">Ends the waiting; an admission that has begun is finished.</param>
    /// <exception cref="NetworkException">It is refused; the message may be shown to the guest.</exception>
    public async Task<Redeemed> RedeemAsync(ProvenPeer guest, Redeem request, CancellationToken cancellation)
    {
        var ofOne = _waitingOf.AddOrUpdate(guest.PeerId, 1, (_, count) => count + 1);
        var all = Interlocked.Increment(ref _waiting);
        try
        {
            if (all > MaxWaiting || ofOne > MaxWaitingOfOne) throw new NetworkException(503, "busy", "Too many guests ask at once. Try again in a moment.");
            await _turns.WaitAsync(cancellation);
            try
            {
                // The disk is waited for there, not on the thread that serves the link.
                return await Task.Run(() => Redeem(guest, request), CancellationToken.None);
            }
            finally
            {
                _turns.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
            _waitingOf.AddOrUpdate(guest.PeerId, 0, (_, count) => count - 1);
            _waitingOf.TryRemove(KeyValuePair.Create(guest.PeerId, 0));
        }
    }

    public void Dispose() => _turns.Dispose();

    private Redeemed Redeem(ProvenPeer guest, Redeem request)
    {
        try
        {
            if (WireIds.Network(request.NetworkId) is not { } id || _registry.Find(id) is not { } network)
                throw new StatementException("This node does not belong to the network.");
            var membership = Admit(guest, request, network);
            return new Redeemed
            {
                Charter = ByteString.CopyFrom(network.Charter.ToBytes()),
                Membership = membership is null ? ByteString.Empty : ByteString.CopyFrom(membership.ToBytes()),
            };
        }
        catch (IdentityException refused)
        {
            NetworkLog.AdmissionRefused(_log, guest.PeerId, refused.Message);
            throw new NetworkException(403, "invite_refused", refused is StatementException ? refused.Message : "The inviting node cannot read the invite any more.", refused);
        }
        catch (IOException failed)
        {
            NetworkLog.AdmissionUnwritable(_log, failed.Message);
            throw new NetworkException(503, "storage_failed", "The inviting node could not write the admission down, so it did not count. Try again later.", failed);
        }
    }

    /// <summary>The membership to give; null for the root's own devices, which need none.</summary>
    private Membership? Admit(ProvenPeer guest, Redeem request, JoinedNetwork network)
    {
        if (guest.AccountId == network.Charter.RootAccount) return null;

        // Another device of the own account: what the account has counts for it as well.
        if (guest.AccountId == _identity.Certificate.AccountId) return network.Membership;
        var now = _time.GetUtcNow();
        var issuer = Issuer.Create(network.Charter.RootKey, _identity.Certificate, network.Membership);
        issuer.CheckTime(now);
        if (network.Membership?.Issuer?.Chain().Any(device => _revocations.IsRevoked(device.AccountId, device.PeerId)) == true)
            throw new StatementException("The inviting node's own membership rests on a device that was cast out.");
        if (request.InviteId.IsEmpty)
        {
            if (!network.Charter.IsPublic) throw new StatementException("The network is private: an invite is needed.");
            NetworkLog.Admitted(_log, guest.AccountId, network.Charter.Name);
            return Membership.Issue(_identity.Device, issuer, guest.Certificate.AccountKey, PublicTerms(issuer), Sequence(now), now, null, []);
        }

        return _invites.Redeem(Convert.ToHexStringLower(request.InviteId.Span), guest.Certificate.AccountKey, guest.PeerId, Give);

        Membership Give(Invite invite)
        {
            if (!CryptographicOperations.FixedTimeEquals(ProofOf(invite), Proof(request))) throw new StatementException("The guest does not have the invite whole.");
            if (invite.Network.Id != network.Charter.Id) throw new StatementException("The invite is for another network.");
            NetworkLog.Admitted(_log, guest.AccountId, network.Charter.Name);
            return Membership.Issue(_identity.Device, issuer, guest.Certificate.AccountKey, invite.Terms, Sequence(now), now, null, Convert.FromHexString(invite.Id));
        }
    }

    // What newcomers of a public network may: nobody gives more than they have.
    private static MemberTerms PublicTerms(Issuer issuer) => new() { Models = issuer.Terms.Models };

    private static ulong Sequence(DateTimeOffset now) => (ulong)Math.Max(1, now.ToUnixTimeMilliseconds());

    private static byte[] Proof(Redeem request) => request.Proof.Length == ProofBytes ? request.Proof.ToByteArray() : new byte[ProofBytes];
}
