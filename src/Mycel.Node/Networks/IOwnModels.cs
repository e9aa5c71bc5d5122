using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>The models that this node has itself (computed here or on its relay devices, never a peer's), for its record and for those who ask.</summary>
internal interface IOwnModels
{
    /// <summary>As the record tells them, scopes included; at most 256.</summary>
    IReadOnlyList<ModelOffer> Offers { get; }

    /// <summary>The list, or a scope, slots or figures in it, changed.</summary>
    event Action? Changed;
}
