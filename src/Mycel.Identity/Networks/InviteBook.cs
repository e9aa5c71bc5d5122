using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Networks;

/// <summary>
/// The invites that this device made, a file each in a private folder. A use is on the disk before anyone is told of it, so that none is
/// counted twice or forgotten, whatever asks at the same time and whenever the process ends. Safe for use from several threads.
/// </summary>
public sealed class InviteBook
{
    /// <summary>Most invites kept; those that can admit nobody any more make way.</summary>
    public const int MaxInvites = 1000;

    private const int MaxFileBytes = 512 * 1024 * 1024;
    private const string Extension = ".invite";

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    /// <param name="folder">Where the files lie; made where it is absent.</param>
    /// <param name="time">The clock.</param>
    public InviteBook(string folder, TimeProvider time)
    {
        PrivateFolder.Ensure(folder);
        _folder = Path.GetFullPath(folder);
        _time = time;
    }

    /// <summary>Keeps an invite that was made.</summary>
    /// <exception cref="IdentityException">There are too many that could still be used.</exception>
    public void Add(Invite invite, string label)
    {
        ArgumentNullException.ThrowIfNull(invite);
        lock (_gate)
        {
            MakeRoom();
            Write(invite.Id, new InviteState { Invite = Signed.Parser.ParseFrom(invite.ToBytes()), Label = label });
        }
    }

    /// <summary>All invites, the newest first. Files that cannot be read are left out.</summary>
    public IReadOnlyList<InviteEntry> List()
    {
        lock (_gate) return [.. Entries().OrderByDescending(entry => entry.Invite.NotBefore).ThenBy(entry => entry.Invite.Id, StringComparer.Ordinal)];
    }

    /// <summary>Revokes an invite; memberships that it gave stay.</summary>
    /// <param name="id">Its id, or enough of its beginning to be clear.</param>
    /// <exception cref="IdentityException">There is none of that id, or several begin so.</exception>
    public InviteEntry Revoke(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        lock (_gate)
        {
            InviteEntry[] found = [.. Entries().Where(entry => entry.Invite.Id.StartsWith(id, StringComparison.OrdinalIgnoreCase))];
            if (found.Length != 1)
                throw new IdentityException(found.Length == 0 ? $"There is no invite {id}. `mycel invite list` shows all." : $"{found.Length} invites begin with {id}. Give more of the id.");
            InviteState state = Read(found[0].Invite.Id)!;
            if (state.RevokedAt == 0)
            {
                state.RevokedAt = _time.GetUtcNow().ToUnixTimeSeconds();
                Write(found[0].Invite.Id, state);
            }

            return InviteEntry.Of(state);
        }
    }

    /// <summary>
    /// Redeems an invite for an account: counts one use and gives the membership. An account that redeemed it before gets what it got
    /// then, and no use is counted.
    /// </summary>
    /// <param name="id">The invite's id.</param>
    /// <param name="memberKey">The account's raw public key, 32 bytes.</param>
    /// <param name="device">The device that asks, as the link proved it.</param>
    /// <param name="admit">Makes the membership; called once a use, while others wait.</param>
    /// <exception cref="StatementException">The invite is unknown, revoked, used up or over; the message may be shown to the guest.</exception>
    /// <exception cref="IOException">The disk is full or failed; no use was counted.</exception>
    public Membership Redeem(string id, ReadOnlySpan<byte> memberKey, PeerId device, Func<Invite, Membership> admit)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(admit);
        lock (_gate)
        {
            InviteState state = Read(id) ?? throw new StatementException("This node did not make the invite, or has forgotten it.");
            foreach (Redemption earlier in state.Redemptions)
            {
                if (earlier.MemberKey.Span.SequenceEqual(memberKey) && state.RevokedAt == 0)
                    return Membership.Read(earlier.Membership, 0);
            }

            var invite = Invite.Read(state.Invite.ToByteArray());
            if (state.RevokedAt != 0)
                throw new StatementException("The invite was revoked.");
            if (state.Redemptions.Count >= invite.Uses)
                throw new StatementException(invite.Uses == 1 ? "The invite was used already." : $"All {invite.Uses} uses of the invite are taken.");
            DateTimeOffset now = _time.GetUtcNow();
            invite.CheckTime(now);
            Membership membership = admit(invite);
            var peer = new byte[PeerId.SizeBytes];
            device.CopyTo(peer);
            state.Redemptions.Add(new Redemption
            {
                MemberKey = ByteString.CopyFrom(memberKey),
                PeerId = ByteString.CopyFrom(peer),
                At = now.ToUnixTimeSeconds(),
                Membership = membership.Signed,
            });
            Write(id, state);
            return membership;
        }
    }

    private void MakeRoom()
    {
        InviteEntry[] entries = [.. Entries()];
        if (entries.Length < MaxInvites)
            return;
        DateTimeOffset now = _time.GetUtcNow();
        InviteEntry dead = entries.Where(entry => !entry.IsOpenAt(now)).MinBy(entry => entry.Invite.NotAfter)
            ?? throw new IdentityException($"There are {MaxInvites} invites that can still be used. Revoke some with `mycel invite revoke`.");
        File.Delete(PathOf(dead.Invite.Id));
    }

    private IEnumerable<InviteEntry> Entries()
    {
        foreach (string path in Directory.EnumerateFiles(_folder, "*" + Extension))
        {
            if (TryEntry(Path.GetFileNameWithoutExtension(path)) is { } entry)
                yield return entry;
        }
    }

    private InviteEntry? TryEntry(string id)
    {
        try
        {
            return Read(id) is { } state ? InviteEntry.Of(state) : null;
        }
        catch (IdentityException)
        {
            // One damaged file must not hide the others; whoever redeems it is told.
            return null;
        }
    }

    private InviteState? Read(string id)
    {
        // The id comes from outside and becomes the name of a file.
        if (id.Length != 2 * Membership.InviteIdSizeBytes || !id.All(char.IsAsciiHexDigitLower))
            return null;
        byte[]? content = BoundedFile.Read(PathOf(id), MaxFileBytes, ownerOnly: true);
        return content is null ? null : Statement.Read(InviteState.Parser, content, MaxFileBytes, $"The file of invite {id}");
    }

    private void Write(string id, InviteState state) => AtomicFile.Write(PathOf(id), state.ToByteArray());

    private string PathOf(string id) => Path.Combine(_folder, id + Extension);
}
