using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>Models that a test sets.</summary>
internal sealed class FixedModels : IOwnModels
{
    public event Action? Changed;

    public IReadOnlyList<ModelOffer> Offers { get; private set; } = [];

    public void Set(params ModelOffer[] offers)
    {
        Offers = offers;
        Changed?.Invoke();
    }
}
