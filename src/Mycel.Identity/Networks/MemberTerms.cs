using Mycel.Identity.Wire;

namespace Mycel.Identity.Networks;

/// <summary>What a member may do in a network.</summary>
public sealed record MemberTerms
{
    /// <summary>Most models named.</summary>
    public const int MaxModels = 64;

    private const int MaxModelName = 256;

    /// <summary>What the root account itself may do: everything.</summary>
    public static MemberTerms Root { get; } = new() { MayInvite = true, CreditLine = long.MaxValue };

    /// <summary>Whether the member may invite others.</summary>
    public bool MayInvite { get; init; }

    /// <summary>The models that the member may ask for; null for every model that is shared with the network.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Micro-credits that the member may owe, 0 or more.</summary>
    public long CreditLine { get; init; }

    /// <summary>Whether the member may ask for a model that is shared with the network.</summary>
    public bool Allows(string model) => Models is null || Models.Contains(model, StringComparer.Ordinal);

    /// <summary>Whether these terms give nothing that <paramref name="issuer"/> has not: nobody may pass on more than they have.</summary>
    public bool IsWithin(MemberTerms issuer)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        return issuer.MayInvite
            && CreditLine <= issuer.CreditLine
            && (issuer.Models is null || (Models is not null && Models.All(issuer.Allows)));
    }

    internal static MemberTerms Read(Terms? terms)
    {
        if (terms is null)
            throw new StatementException("The terms of the membership are missing.");
        if (terms.CreditLine < 0 || terms.Models.Count > MaxModels || terms.Models.Any(model => model.Length is 0 or > MaxModelName))
            throw new StatementException($"The terms of the membership are out of range: the credit line is 0 or more, and at most {MaxModels} models are named.");
        return new MemberTerms { MayInvite = terms.MayInvite, CreditLine = terms.CreditLine, Models = terms.AllModels ? null : [.. terms.Models] };
    }

    internal Terms ToWire()
    {
        var terms = new Terms { MayInvite = MayInvite, CreditLine = CreditLine, AllModels = Models is null };
        terms.Models.AddRange(Models ?? []);
        return terms;
    }
}
