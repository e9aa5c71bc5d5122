using Mycel.Node.Backends;

namespace Mycel.Node.Routing;

/// <summary>What a model name stands for: everything that can serve it.</summary>
internal sealed class ModelTarget(string name, IReadOnlyList<Offer> offers)
{
    private int _turn;

    /// <summary>The name that was asked for.</summary>
    public string Name { get; } = name;

    public IReadOnlyList<Offer> Offers { get; } = offers;

    /// <summary>Where to begin looking, so that equals take turns.</summary>
    public int NextTurn() => (int)((uint)Interlocked.Increment(ref _turn) % (uint)Offers.Count);
}
