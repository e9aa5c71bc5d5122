using System.Collections.Frozen;
using Mycel.Identity;
using Mycel.Identity.Networks;

namespace Mycel.Node.Networks;

/// <summary>The networks that this node belongs to at one moment. Immutable.</summary>
internal sealed class JoinedNetworks
{
    private readonly FrozenDictionary<NetworkId, JoinedNetwork> _byId;

    public JoinedNetworks(IReadOnlyList<JoinedNetwork> all)
    {
        All = all;
        _byId = all.ToFrozenDictionary(network => network.Charter.Id);
    }

    public static JoinedNetworks None { get; } = new([]);

    /// <summary>By name.</summary>
    public IReadOnlyList<JoinedNetwork> All { get; }

    public JoinedNetwork? Find(NetworkId id) => _byId.GetValueOrDefault(id);

    public bool Contains(NetworkId id) => _byId.ContainsKey(id);
}
