using Mycel.Identity;
using Mycel.Identity.Networks;

namespace Mycel.Node.Networks;

/// <summary>A node known in a network.</summary>
/// <param name="Id">The device.</param>
/// <param name="Account">The person it belongs to.</param>
/// <param name="Name">The device's name.</param>
/// <param name="IsThis">Whether it is this node.</param>
/// <param name="IsOwn">Whether it is of this node's own account.</param>
/// <param name="IsRoot">Whether its account founded the network.</param>
/// <param name="IsLinked">Whether it is linked now, and has proved its membership.</param>
/// <param name="Terms">What its account may do; null where it proved nothing yet.</param>
/// <param name="Since">Since when its account is a member; null where that is not known.</param>
/// <param name="LastSeen">When it was last linked; null for never.</param>
internal sealed record NetworkMember(
    PeerId Id, AccountId Account, string Name, bool IsThis, bool IsOwn, bool IsRoot, bool IsLinked, MemberTerms? Terms, DateTimeOffset? Since, DateTimeOffset? LastSeen);
