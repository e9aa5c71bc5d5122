using Mycel.Node.Backends;

namespace Mycel.Node.Routing;

/// <summary>What a model name stands for: everything that can serve it.</summary>
/// <param name="name">The name that was asked for.</param>
/// <param name="offers">What it means.</param>
/// <param name="fallbacks">What serves in its place once all of those have been tried.</param>
internal sealed class ModelTarget(string name, IReadOnlyList<Offer> offers, IReadOnlyList<Offer>? fallbacks = null)
{
    private int _turn;

    /// <summary>The name that was asked for.</summary>
    public string Name { get; } = name;

    public IReadOnlyList<Offer> Offers { get; } = offers;

    /// <summary>Asked only when each of <see cref="Offers"/> has refused: a name means first of all what it is listed for, even where that is busy.</summary>
    public IReadOnlyList<Offer> Fallbacks { get; } = fallbacks ?? [];

    /// <summary>Where to begin looking, so that equals take turns.</summary>
    public uint NextTurn() => (uint)Interlocked.Increment(ref _turn);
}
