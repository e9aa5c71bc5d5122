using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Ledger.Statements;

/// <summary>An appointment with the certificate of the device that signed it, as nodes pass it on. Immutable; its form was checked, all else only by <see cref="Verify"/>.</summary>
public sealed class AppointmentProof
{
    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 2048;

    private const string What = "The appointment";

    private AppointmentProof(byte[] bytes, Appointment appointment, DeviceCertificate rootCertificate)
    {
        Bytes = bytes;
        Appointment = appointment;
        RootCertificate = rootCertificate;
    }

    /// <summary>The message as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The root account's word.</summary>
    public Appointment Appointment { get; }

    /// <summary>Certificate of the device that signed it.</summary>
    public DeviceCertificate RootCertificate { get; }

    /// <summary>Puts one together.</summary>
    public static AppointmentProof Create(Appointment appointment, DeviceCertificate rootCertificate)
    {
        ArgumentNullException.ThrowIfNull(appointment);
        ArgumentNullException.ThrowIfNull(rootCertificate);
        var message = new Wire.AppointmentProof { Appointment = Form.Copy(appointment.Bytes.Span), RootCertificate = Form.Copy(rootCertificate.ToBytes()) };
        return new AppointmentProof(message.ToByteArray(), appointment, rootCertificate);
    }

    /// <summary>Reads one and checks the form of what is in it, and the certificate's signature.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static AppointmentProof Parse(ReadOnlySpan<byte> bytes)
    {
        Wire.AppointmentProof message = Form.Read(Wire.AppointmentProof.Parser, bytes, MaxBytes, What);
        return new AppointmentProof(bytes.ToArray(), Appointment.Parse(message.Appointment.Span), DeviceCertificate.Parse(message.RootCertificate.Span));
    }

    /// <summary>Checks who signed it.</summary>
    /// <exception cref="StatementException">It does not hold.</exception>
    public void Verify() => Appointment.Verify(RootCertificate);
}
