using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Ledger.Statements;

/// <summary>A standing with what proves that its signer clears for the network. Immutable; its form was checked, all else only by <see cref="Verify"/>.</summary>
public sealed class StandingProof
{
    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 4096;

    private const string What = "The standing";

    private readonly byte[] _certificate;
    private readonly byte[] _rootCertificate;

    private StandingProof(byte[] bytes, Standing standing, byte[] certificate, Appointment? appointment, byte[] rootCertificate)
    {
        Bytes = bytes;
        Standing = standing;
        _certificate = certificate;
        Appointment = appointment;
        _rootCertificate = rootCertificate;
    }

    /// <summary>The message as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The standing.</summary>
    public Standing Standing { get; }

    /// <summary>The signer's device certificate, as others read it.</summary>
    public ReadOnlyMemory<byte> Certificate => _certificate;

    /// <summary>Who lets the signer clear; null where it is of the root account.</summary>
    public Appointment? Appointment { get; }

    /// <summary>Puts one together.</summary>
    /// <param name="standing">The standing.</param>
    /// <param name="certificate">The clearing node's device certificate.</param>
    /// <param name="appointment">Its appointment; null where it is of the root account.</param>
    /// <param name="rootCertificate">That of the device that signed the appointment; null with it.</param>
    public static StandingProof Create(Standing standing, DeviceCertificate certificate, Appointment? appointment = null, DeviceCertificate? rootCertificate = null)
    {
        ArgumentNullException.ThrowIfNull(standing);
        ArgumentNullException.ThrowIfNull(certificate);
        byte[] own = certificate.ToBytes();
        byte[] root = rootCertificate?.ToBytes() ?? [];
        var message = new Wire.StandingProof
        {
            Standing = Form.Copy(standing.Bytes.Span),
            Certificate = Form.Copy(own),
            Appointment = appointment is null ? ByteString.Empty : Form.Copy(appointment.Bytes.Span),
            RootCertificate = Form.Copy(root),
        };
        return new StandingProof(message.ToByteArray(), standing, own, appointment, root);
    }

    /// <summary>Reads one and checks the form of what is in it.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static StandingProof Parse(ReadOnlySpan<byte> bytes)
    {
        Wire.StandingProof message = Form.Read(Wire.StandingProof.Parser, bytes, MaxBytes, What);
        return new StandingProof(
            bytes.ToArray(),
            Standing.Parse(message.Standing.Span),
            message.Certificate.ToByteArray(),
            message.Appointment.IsEmpty ? null : Appointment.Parse(message.Appointment.Span),
            message.RootCertificate.ToByteArray());
    }

    /// <summary>
    /// Checks every signature, and that a device that may clear signed: one of the network's root account that may manage, or an appointed one. Whether the
    /// standing is over by now, whether the device was revoked, and whether the ledger is the one known so far, the reader checks.
    /// </summary>
    /// <param name="network">The network in which it is shown.</param>
    /// <param name="cache">Remembers certificates; null to check them anew.</param>
    /// <exception cref="StatementException">It does not hold.</exception>
    public void Verify(NetworkId network, StatementCache? cache = null)
    {
        if (Standing.Network != network) throw new StatementException("The standing is of another network.");
        DeviceCertificate signer = SignerCertificate(cache);
        if (Appointment is null)
        {
            if (signer.AccountId.Hash != network.Hash) throw new StatementException("The standing is not signed by a node that clears for the network.");
            Form.CheckCertificate(signer, DeviceRoles.Manage, Standing.IssuedAt, "The clearing node");
        }
        else
        {
            VerifyAppointment(network, signer, cache);
        }

        Standing.VerifySignature(signer.DeviceKeyBytes);
    }

    /// <summary>The signer's certificate, its signature checked.</summary>
    internal DeviceCertificate SignerCertificate(StatementCache? cache) => cache?.Certificate(_certificate) ?? DeviceCertificate.Parse(_certificate);

    /// <summary>Certificate of the device that signed the appointment, its signature checked; null where there is none.</summary>
    internal DeviceCertificate? RootCertificate(StatementCache? cache)
        => Appointment is null ? null : cache?.Certificate(_rootCertificate) ?? DeviceCertificate.Parse(_rootCertificate);

    private void VerifyAppointment(NetworkId network, DeviceCertificate signer, StatementCache? cache)
    {
        if (Appointment!.Network != network) throw new StatementException("The clearing node is appointed in another network.");
        if (Appointment.Device != signer.PeerId) throw new StatementException("The appointment is another device's.");
        if (!Appointment.IsValidAt(Standing.IssuedAt)) throw new StatementException("The clearing node's appointment was not valid when it signed the standing.");
        Form.CheckCertificate(signer, DeviceRoles.None, Standing.IssuedAt, "The clearing node");
        Appointment.Verify(RootCertificate(cache)!);
    }
}
