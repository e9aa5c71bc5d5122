using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>
/// GnuTLS's form of a certificate and key. Counted: connections hold on to the ones they began with when an endpoint gets new ones.
/// </summary>
internal sealed unsafe class TlsCredentialsHandle : SafeHandle
{
    /// <summary>Holds nothing yet.</summary>
    public TlsCredentialsHandle()
        : base(0, ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <param name="credentials">Certificate and key.</param>
    /// <param name="withholdCertificate">Whether to show none.</param>
    /// <exception cref="TransportException">GnuTLS does not take them.</exception>
    public static TlsCredentialsHandle Create(TransportCredentials credentials, bool withholdCertificate)
    {
        var result = new TlsCredentialsHandle();
        nint allocated;
        GnuTls.Check(GnuTls.gnutls_certificate_allocate_credentials(&allocated), "allocating credentials");
        result.SetHandle(allocated);
        if (withholdCertificate)
            return result;
        try
        {
            result.Load(credentials.Certificate);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        GnuTls.gnutls_certificate_free_credentials(handle);
        return true;
    }

    private void Load(X509Certificate2 certificate)
    {
        byte[] certificatePem = Encoding.ASCII.GetBytes(certificate.ExportCertificatePem());
        using ECDsa key = certificate.GetECDsaPrivateKey() ?? throw new TransportException(TransportFailure.Local, 0, "The certificate has lost its private key.");
        byte[] pkcs8 = key.ExportPkcs8PrivateKey();
        char[] keyText = PemEncoding.Write("PRIVATE KEY", pkcs8);
        byte[] keyPem = GC.AllocateArray<byte>(keyText.Length, pinned: true);
        Encoding.ASCII.GetBytes(keyText, keyPem);
        try
        {
            fixed (byte* certificateBytes = certificatePem, keyBytes = keyPem)
            {
                var certificateDatum = new NativeDatum { Data = certificateBytes, Size = (uint)certificatePem.Length };
                var keyDatum = new NativeDatum { Data = keyBytes, Size = (uint)keyPem.Length };
                GnuTls.Check(GnuTls.gnutls_certificate_set_x509_key_mem(handle, &certificateDatum, &keyDatum, GnuTls.FormatPem), "certificate and key");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
            CryptographicOperations.ZeroMemory(keyPem);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(keyText.AsSpan()));
        }
    }
}
