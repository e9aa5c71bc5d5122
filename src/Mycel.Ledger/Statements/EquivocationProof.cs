using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Ledger.Statements;

/// <summary>
/// Two statements under one number that differ, both signed by one device: two orders with one id, two receipts of one order, two countersignatures of one
/// receipt that pay differently, or two standings of one account with one sequence in one ledger. Immutable; its form was checked, all else only by
/// <see cref="Verify"/>.
/// </summary>
public sealed class EquivocationProof
{
    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 6144;

    private const string What = "The proof";

    private readonly byte[] _first;
    private readonly byte[] _second;
    private readonly byte[] _certificate;

    private EquivocationProof(byte[] bytes, Wire.EquivocationProof message)
    {
        Bytes = bytes;
        _first = message.First.ToByteArray();
        _second = message.Second.ToByteArray();
        _certificate = message.Certificate.ToByteArray();
        Domain = message.Domain;
        if (Domain is not (Order.Domain or Receipt.Domain or Countersignature.Domain or Standing.Domain)) throw new StatementException($"{What} is of no known kind.");
    }

    /// <summary>The message as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Domain of both statements.</summary>
    public string Domain { get; }

    /// <summary>A proof of two orders with one id; null where they are not that.</summary>
    /// <param name="first">One.</param>
    /// <param name="second">The other.</param>
    /// <param name="payerCertificate">Certificate of the device that signed both.</param>
    public static EquivocationProof? Of(Order first, Order second, ReadOnlyMemory<byte> payerCertificate)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Make(Order.Domain, first.Bytes, second.Bytes, payerCertificate);
    }

    /// <summary>A proof of two receipts of one order; null where they are not that.</summary>
    /// <param name="first">One.</param>
    /// <param name="second">The other.</param>
    /// <param name="providerCertificate">Certificate of the device that signed both.</param>
    public static EquivocationProof? Of(Receipt first, Receipt second, ReadOnlyMemory<byte> providerCertificate)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Make(Receipt.Domain, first.Bytes, second.Bytes, providerCertificate);
    }

    /// <summary>A proof of two countersignatures of one receipt that pay differently; null where they are not that.</summary>
    /// <param name="first">One.</param>
    /// <param name="second">The other.</param>
    /// <param name="payerCertificate">Certificate of the device that signed both.</param>
    public static EquivocationProof? Of(Countersignature first, Countersignature second, ReadOnlyMemory<byte> payerCertificate)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Make(Countersignature.Domain, first.Bytes, second.Bytes, payerCertificate);
    }

    /// <summary>A proof of two standings with one sequence; null where they are not that.</summary>
    /// <param name="first">One.</param>
    /// <param name="second">The other, signed by the same device.</param>
    public static EquivocationProof? Of(StandingProof first, StandingProof second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Make(Standing.Domain, first.Standing.Bytes, second.Standing.Bytes, first.Certificate);
    }

    /// <summary>Reads a proof and checks its form.</summary>
    /// <exception cref="StatementException">It is damaged.</exception>
    public static EquivocationProof Parse(ReadOnlySpan<byte> bytes) => new(bytes.ToArray(), Form.Read(Wire.EquivocationProof.Parser, bytes, MaxBytes, What));

    /// <summary>Checks that it proves fraud. When it was committed does not matter.</summary>
    /// <returns>The account whose fraud it proves.</returns>
    /// <exception cref="StatementException">It proves nothing.</exception>
    public AccountId Verify(StatementCache? cache = null)
    {
        DeviceCertificate certificate = cache?.Certificate(_certificate) ?? DeviceCertificate.Parse(_certificate);
        bool isFraud = Domain switch
        {
            Order.Domain => OrdersDiffer(certificate),
            Receipt.Domain => ReceiptsDiffer(certificate),
            Countersignature.Domain => CountersignaturesDiffer(certificate),
            _ => StandingsDiffer(certificate),
        };
        return isFraud ? certificate.AccountId : throw new StatementException($"{What} shows no two statements that contradict each other.");
    }

    private static EquivocationProof? Make(string domain, ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, ReadOnlyMemory<byte> certificate)
    {
        var message = new Wire.EquivocationProof
        {
            First = Form.Copy(first.Span),
            Second = Form.Copy(second.Span),
            Domain = domain,
            Certificate = Form.Copy(certificate.Span),
        };
        var proof = new EquivocationProof(message.ToByteArray(), message);
        try
        {
            proof.Verify();
            return proof;
        }
        catch (StatementException)
        {
            return null;
        }
    }

    private bool OrdersDiffer(DeviceCertificate certificate)
    {
        Order first = Order.Parse(_first), second = Order.Parse(_second);
        if (first.Id != second.Id || first.Hash.SequenceEqual(second.Hash)) return false;
        if (first.PayerDevice != certificate.PeerId || second.PayerDevice != certificate.PeerId) return false;

        // A device may have been of another account once; it accuses the one that certifies it here only of what it signed in its name.
        if (first.Payer != certificate.AccountId || second.Payer != certificate.AccountId) return false;
        first.Verify();
        second.Verify();
        return true;
    }

    private bool ReceiptsDiffer(DeviceCertificate certificate)
    {
        Receipt first = Receipt.Parse(_first), second = Receipt.Parse(_second);
        if (!first.OrderHash.SequenceEqual(second.OrderHash) || first.Hash.SequenceEqual(second.Hash)) return false;
        first.VerifySignature(certificate.DeviceKeyBytes);
        second.VerifySignature(certificate.DeviceKeyBytes);
        return true;
    }

    private bool CountersignaturesDiffer(DeviceCertificate certificate)
    {
        Countersignature first = Countersignature.Parse(_first), second = Countersignature.Parse(_second);
        if (!first.ReceiptHash.SequenceEqual(second.ReceiptHash) || first.Agrees(second)) return false;
        first.VerifySignature(certificate.DeviceKeyBytes);
        second.VerifySignature(certificate.DeviceKeyBytes);
        return true;
    }

    private bool StandingsDiffer(DeviceCertificate certificate)
    {
        Standing first = Standing.Parse(_first), second = Standing.Parse(_second);
        if (first.Network != second.Network || first.Account != second.Account || first.Sequence != second.Sequence) return false;
        if (!first.LedgerId.SequenceEqual(second.LedgerId) || first.Hash.SequenceEqual(second.Hash)) return false;
        first.VerifySignature(certificate.DeviceKeyBytes);
        second.VerifySignature(certificate.DeviceKeyBytes);
        return true;
    }
}
