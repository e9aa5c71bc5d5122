using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Certificates;

/// <summary>
/// The TLS certificate of a link: self-signed, P-256, short-lived. A critical extension binds its key to a device: the device
/// certificate, and the device key's signature over the TLS public key. TLS itself proves who holds that key.
/// </summary>
public static class LinkCertificate
{
    /// <summary>The extension's object identifier, under the arc for UUIDs (ITU-T X.667). Its last number fits 63 bits: GnuTLS reads no larger ones.</summary>
    public const string ExtensionOid = "2.25.4672583109821374529";

    /// <summary>How long a certificate lasts; a new one is made when half of it is over.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromDays(7);

    /// <summary>Largest certificate that is looked at, in bytes (DER).</summary>
    public const int MaxBytes = 4096;

    private const string What = "The link's certificate";

    /// <summary>Makes a certificate with a fresh key. The caller disposes it.</summary>
    /// <param name="device">The device's key.</param>
    /// <param name="certificate">What its account says about it.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">The certificate is another device's.</exception>
    public static X509Certificate2 Create(DeviceKey device, DeviceCertificate certificate, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(certificate);
        if (certificate.PeerId != device.PeerId)
            throw new ArgumentException("The certificate is another device's.", nameof(certificate));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var binding = new TlsBinding
        {
            DeviceCertificate = certificate.Signed,
            Signature = ByteString.CopyFrom(device.Sign(Statement.Message(Statement.TlsBinding, key.ExportSubjectPublicKeyInfo()))),
        };
        var request = new CertificateRequest("CN=mycel", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension(ExtensionOid, binding.ToByteArray(), critical: true));

        // The other node's clock may be behind.
        return request.CreateSelfSigned(now - Statement.ClockSkew, now + Validity);
    }

    /// <summary>Checks a certificate that TLS was shown. Takes a fraction of a millisecond and never blocks.</summary>
    /// <param name="der">The certificate (DER).</param>
    /// <param name="now">The time.</param>
    /// <returns>Who shows it.</returns>
    /// <exception cref="StatementException">It proves nobody; the message says why.</exception>
    public static ProvenPeer Verify(ReadOnlySpan<byte> der, DateTimeOffset now)
    {
        if (der.Length is 0 or > MaxBytes)
            throw new StatementException($"{What} has {der.Length:N0} bytes; 1 to {MaxBytes:N0} are allowed.");
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
            return Verify(certificate, now);
        }
        catch (CryptographicException broken)
        {
            throw new StatementException($"{What} cannot be read.", broken);
        }
    }

    private static ProvenPeer Verify(X509Certificate2 certificate, DateTimeOffset now)
    {
        Statement.CheckTime(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime(), now, What);
        X509Extension[] extensions = [.. certificate.Extensions.Where(extension => extension.Oid?.Value == ExtensionOid)];
        if (extensions is not [{ Critical: true } extension])
            throw new StatementException($"{What} names no device: it has not the one critical extension that binds it to a device key.");
        TlsBinding binding = Statement.Read(TlsBinding.Parser, extension.RawData, MaxBytes, What);
        if (binding.DeviceCertificate is null)
            throw new StatementException($"{What} holds no device certificate.");
        var device = DeviceCertificate.Read(binding.DeviceCertificate);
        device.CheckTime(now);
        byte[] message = Statement.Message(Statement.TlsBinding, certificate.PublicKey.ExportSubjectPublicKeyInfo());
        if (!DeviceKey.Verify(device.DeviceKeyBytes, message, binding.Signature.Span))
            throw new StatementException($"{What} was not signed by the device that it names.");
        return new ProvenPeer(device);
    }
}
