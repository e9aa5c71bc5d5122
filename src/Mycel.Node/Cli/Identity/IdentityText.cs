using System.Globalization;
using Mycel.Identity;

namespace Mycel.Node.Cli.Identity;

/// <summary>How the commands show who a node is.</summary>
internal static class IdentityText
{
    public static string Day(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The certificate, a line a fact.</summary>
    public static void Write(TextWriter output, NodeIdentity identity)
    {
        var certificate = identity.Certificate;
        output.WriteLine($"Device   {certificate.DeviceName}");
        output.WriteLine($"Peer     {certificate.PeerId}");
        output.WriteLine($"Account  {certificate.AccountId}");
        output.WriteLine($"Valid    until {Day(certificate.NotAfter)}{(identity.Account is null ? " (the account key is locked or elsewhere)" : ", renewed by itself")}");
    }
}
