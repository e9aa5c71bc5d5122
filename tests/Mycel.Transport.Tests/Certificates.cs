using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mycel.Transport.Tests;

/// <summary>Self-signed certificates of the kind that nodes make.</summary>
internal static class Certificates
{
    public static TransportCredentials Create(string name = "node")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        return new TransportCredentials(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1)));
    }
}
