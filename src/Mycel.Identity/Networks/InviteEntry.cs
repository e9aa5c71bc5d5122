using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Networks;

/// <summary>An invite and what became of it.</summary>
/// <param name="Invite">The invite.</param>
/// <param name="Label">What its owner calls it; may be empty.</param>
/// <param name="RevokedAt">When it was revoked; null where it was not.</param>
/// <param name="Members">The accounts that it admitted, in order.</param>
public sealed record InviteEntry(Invite Invite, string Label, DateTimeOffset? RevokedAt, IReadOnlyList<InviteUse> Members)
{
    /// <summary>Whether it can still admit anyone.</summary>
    public bool IsOpenAt(DateTimeOffset now) => RevokedAt is null && Members.Count < Invite.Uses && now <= Invite.NotAfter;

    internal static InviteEntry Of(InviteState state) => new(
        Networks.Invite.Read(state.Invite.ToByteArray()),
        state.Label,
        state.RevokedAt == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(state.RevokedAt),
        [.. state.Redemptions.Select(use => new InviteUse(AccountId.FromPublicKey(use.MemberKey.Span), new PeerId(use.PeerId.Span), DateTimeOffset.FromUnixTimeSeconds(use.At)))]);
}

/// <summary>One use of an invite.</summary>
/// <param name="Account">Who was admitted.</param>
/// <param name="Device">The device that asked.</param>
/// <param name="At">When.</param>
public sealed record InviteUse(AccountId Account, PeerId Device, DateTimeOffset At);
