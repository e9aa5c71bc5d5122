using Mycel.Dht.Requests;
using Mycel.Dht.Wire;

namespace Mycel.Dht.Lookups;

/// <summary>What a lookup needs of its node.</summary>
internal interface ILookupHost
{
    DhtOptions Options { get; }

    IDhtRandom Random { get; }

    DhtKey Self { get; }

    DateTimeOffset UtcNow { get; }

    /// <summary>Asks; false where too much is under way. The answer, or null, never comes before this returns.</summary>
    bool TryAsk(DhtContact to, Question question, Action<DhtMessage?> done);
}
