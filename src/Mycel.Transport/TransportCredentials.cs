using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mycel.Transport;

/// <summary>What this node shows to its peers: a certificate with its private key. The certificate stays the caller's to dispose of.</summary>
public sealed class TransportCredentials
{
    private const string P256 = "1.2.840.10045.3.1.7";

    /// <summary>Takes a certificate with an exportable ECDSA P-256 key, the one kind that all providers can load.</summary>
    /// <exception cref="ArgumentException">It has no private key, or one of another kind.</exception>
    public TransportCredentials(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using ECDsa? key = certificate.GetECDsaPrivateKey()
            ?? throw new ArgumentException("The certificate has no ECDSA private key; links need one on the curve P-256.", nameof(certificate));
        if (key.ExportParameters(false).Curve.Oid.Value is { } curve && curve != P256)
            throw new ArgumentException("The certificate's key is not on the curve P-256.", nameof(certificate));
        Certificate = certificate;
    }

    /// <summary>The certificate, private key included.</summary>
    public X509Certificate2 Certificate { get; }
}
