using System.Net;

namespace Mycel.Node.Models.Pulling;

/// <summary>What an address of a download must be like, before anything is known of the machine behind it.</summary>
internal static class PullAddress
{
    /// <summary>Refuses what is neither https nor, where <paramref name="allowPrivate"/> holds, plain http on this machine.</summary>
    /// <exception cref="ModelException">It is refused.</exception>
    public static void Check(Uri address, bool allowPrivate)
    {
        if (address.UserInfo.Length > 0) throw ModelException.Invalid("The address holds a user name or password. Leave it out: nothing that is pulled needs one.");
        if (address.Scheme == Uri.UriSchemeHttps) return;
        if (address.Scheme != Uri.UriSchemeHttp) throw ModelException.Invalid($"Models are pulled over https; {address.Scheme}: is not possible.");
        if (allowPrivate && IsThisMachine(address)) return;
        throw new ModelException(403, "address_not_allowed", $"{address.Host} is asked for over plain http, where anyone on the way could change the file. Models are pulled over https.");
    }

    /// <summary>The address without what may be secret in it.</summary>
    public static string Show(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    private static bool IsThisMachine(Uri address) =>
        address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(address.DnsSafeHost, out var ip) && IPAddress.IsLoopback(ip));
}
