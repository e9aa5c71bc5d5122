namespace Mycel.Node.Cli.Client;

/// <summary>Asks the node to found a network.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Public">Whether newcomers need no invite.</param>
internal sealed record NetworkCreateRequest(string Name, bool? Public);

/// <summary>Asks the node to appoint another to keep a network's ledger.</summary>
/// <param name="Network">Name or id; null for the only one.</param>
/// <param name="Node">Name of the other, or how its id begins.</param>
/// <param name="ExpiresS">Seconds; null for the node's default.</param>
internal sealed record AppointRequest(string? Network, string Node, long? ExpiresS);

/// <summary>Asks the node for an invite; what is null is left to the node.</summary>
internal sealed record InviteCreateRequest
{
    /// <summary>Name or id of the network.</summary>
    public string? Network { get; init; }

    /// <summary>How many it admits.</summary>
    public int? Uses { get; init; }

    /// <summary>Seconds that it is valid.</summary>
    public long? ExpiresS { get; init; }

    /// <summary>Models that the guest may ask for.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Micro-credits that the guest may owe.</summary>
    public long? CreditLine { get; init; }

    /// <summary>Whether the guest may invite others.</summary>
    public bool? MayInvite { get; init; }

    /// <summary>For the owner's own list.</summary>
    public string? Label { get; init; }
}

/// <summary>Asks the node to join a network.</summary>
/// <param name="Token">The invite.</param>
internal sealed record JoinRequest(string Token);
