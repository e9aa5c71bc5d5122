using Mycel.Identity;
using Mycel.Node.Links.Tunnel;

namespace Mycel.Node.Networks;

/// <summary>Members pass through members: whoever shares a network, or the account, with both ends.</summary>
internal sealed class RelayRules(IPeerBook book) : IRelayRules
{
    public string? WhyNot(PeerId asker, PeerId target)
    {
        if (book.StandingOf(asker, out _) is not { } from) return "The asking node is no member here.";
        if (book.StandingOf(target, out _) is not { } to) return "The node to be reached is no member here.";
        return from.Account == to.Account || from.Networks.Keys.Any(to.Networks.ContainsKey) ? null : "The two nodes have no network in common.";
    }

    public bool MayBring(PeerId middle) => book.StandingOf(middle, out _) is not null;

    public IEnumerable<PeerId> MiddlesTo(PeerId target)
    {
        var wanted = book.Find(target);
        // Those of the target's own networks come first; a target that only an invite names may be known to any.
        return book.All
            .Where(p => p is { IsGreeted: true, Record.Relays: true } && p.Id != target)
            .OrderByDescending(p => wanted is not null && (p.Account == wanted.Account || p.Networks.Any(wanted.Networks.Contains)))
            .Select(p => p.Id);
    }
}
