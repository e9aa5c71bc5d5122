using System.Text;
using Mycel.Dht;
using Mycel.Node.Routing;

namespace Mycel.Node.Discovery;

/// <summary>Which names of models the table of peers can hold.</summary>
internal static class ModelNames
{
    /// <summary>Whether a name may be published and looked up: 1 to 128 bytes of UTF-8 without control characters, and none that means a place, such as <c>peer:NODE:NAME</c>.</summary>
    public static bool IsPublishable(string name)
        => name.Length is > 0 and <= DhtLimits.MaxModelBytes && Encoding.UTF8.GetByteCount(name) <= DhtLimits.MaxModelBytes && !name.Any(char.IsControl)
            && !name.StartsWith(ModelCatalog.RelayPrefix, StringComparison.Ordinal) && !name.StartsWith(ModelCatalog.LocalPrefix, StringComparison.Ordinal)
            && !name.StartsWith(ModelCatalog.PeerPrefix, StringComparison.Ordinal);
}
