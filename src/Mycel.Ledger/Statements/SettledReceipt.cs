using Google.Protobuf;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Ledger.Statements;

/// <summary>
/// Order, receipt and countersignature with the certificates of both devices: what proves a payment, for anyone to check offline. While the payer has not
/// signed, and before there is a receipt, the same without. Immutable; the form of its statements was checked, all else only by <see cref="Verify"/>.
/// </summary>
public sealed class SettledReceipt
{
    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 8192;

    private const string What = "The settled receipt";

    private SettledReceipt(byte[] bytes, Order order, Receipt? receipt, Countersignature? countersignature, ReadOnlyMemory<byte> payerCertificate, ReadOnlyMemory<byte> providerCertificate)
    {
        Bytes = bytes;
        Order = order;
        Receipt = receipt;
        Countersignature = countersignature;
        PayerCertificate = payerCertificate;
        ProviderCertificate = providerCertificate;
    }

    /// <summary>The message as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The order's id, which is the receipt's.</summary>
    public OrderId Id => Order.Id;

    /// <summary>What was promised.</summary>
    public Order Order { get; }

    /// <summary>What is claimed; null before the provider has signed.</summary>
    public Receipt? Receipt { get; }

    /// <summary>What is paid; null while the payer has not signed.</summary>
    public Countersignature? Countersignature { get; }

    /// <summary>The payer's device certificate, as others read it.</summary>
    public ReadOnlyMemory<byte> PayerCertificate { get; }

    /// <summary>The provider's device certificate, as others read it.</summary>
    public ReadOnlyMemory<byte> ProviderCertificate { get; }

    /// <summary>Puts one together.</summary>
    public static SettledReceipt Create(Order order, Receipt? receipt, Countersignature? countersignature, ReadOnlyMemory<byte> payerCertificate, ReadOnlyMemory<byte> providerCertificate)
    {
        ArgumentNullException.ThrowIfNull(order);
        var message = new Wire.SettledReceipt
        {
            Order = Form.Copy(order.Bytes.Span),
            Receipt = receipt is null ? ByteString.Empty : Form.Copy(receipt.Bytes.Span),
            Countersignature = countersignature is null ? ByteString.Empty : Form.Copy(countersignature.Bytes.Span),
            PayerCertificate = Form.Copy(payerCertificate.Span),
            ProviderCertificate = Form.Copy(providerCertificate.Span),
        };
        return new SettledReceipt(message.ToByteArray(), order, receipt, countersignature, payerCertificate, providerCertificate);
    }

    /// <summary>Reads one and checks the form of what is in it.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static SettledReceipt Parse(ReadOnlySpan<byte> bytes)
    {
        Wire.SettledReceipt message = Form.Read(Wire.SettledReceipt.Parser, bytes, MaxBytes, What);
        if (message.Receipt.IsEmpty && !message.Countersignature.IsEmpty) throw new StatementException($"{What} has a countersignature, and no receipt.");
        return new SettledReceipt(
            bytes.ToArray(),
            Order.Parse(message.Order.Span),
            message.Receipt.IsEmpty ? null : Receipt.Parse(message.Receipt.Span),
            message.Countersignature.IsEmpty ? null : Countersignature.Parse(message.Countersignature.Span),
            message.PayerCertificate.Memory,
            message.ProviderCertificate.Memory);
    }

    /// <summary>
    /// Checks everything that can be checked offline: the three signatures, both certificates at the time of the work, and that order, receipt and
    /// countersignature fit. Whether a device was revoked, or is a member of the network, must be known from elsewhere.
    /// </summary>
    /// <param name="cache">Remembers certificates; null to check them anew.</param>
    /// <exception cref="StatementException">Something does not hold; the message says what.</exception>
    public void Verify(StatementCache? cache = null)
    {
        VerifyClaim(cache);
        if (Countersignature is null) throw new StatementException("The receipt is not countersigned by the payer.");
        Countersignature.Verify(Order, Receipt!);
    }

    /// <summary>The same without a countersignature.</summary>
    /// <exception cref="StatementException">Something does not hold; the message says what.</exception>
    public void VerifyClaim(StatementCache? cache = null)
    {
        if (Receipt is null) throw new StatementException("The provider has not signed a receipt.");
        VerifyParties(cache);
        Order.Verify();
        Receipt.Verify(Order);
    }

    /// <summary>The same as <see cref="Verify"/>, part by part: what holds, what does not, and what is not there yet.</summary>
    public IReadOnlyList<ReceiptFinding> Examine()
    {
        return
        [
            Find(ReceiptPart.Order, true, Order.Verify),
            Find(ReceiptPart.Devices, true, () => VerifyParties(null)),
            Find(ReceiptPart.Receipt, Receipt is not null, () => Receipt!.Verify(Order)),
            Find(ReceiptPart.Countersignature, Countersignature is not null, () => Countersignature!.Verify(Order, Receipt!)),
        ];

        static ReceiptFinding Find(ReceiptPart part, bool isThere, Action check)
        {
            try
            {
                if (isThere) check();
                return new ReceiptFinding(part, isThere, null);
            }
            catch (StatementException invalid)
            {
                return new ReceiptFinding(part, isThere, invalid.Message);
            }
        }
    }

    /// <summary>Checks that both certificates are those of the order's devices and were valid at the time.</summary>
    internal void VerifyParties(StatementCache? cache)
    {
        Check(Read(PayerCertificate, cache), Order.PayerAccountKey, Order.PayerDeviceKey, DeviceRoles.Ask, Order.IssuedAt, "The payer");
        Check(Read(ProviderCertificate, cache), Order.ProviderAccountKey, Order.ProviderDeviceKey, DeviceRoles.Serve, Receipt?.FinishedAt ?? Order.IssuedAt, "The provider");
    }

    private static DeviceCertificate Read(ReadOnlyMemory<byte> bytes, StatementCache? cache) => cache?.Certificate(bytes.Span) ?? DeviceCertificate.Parse(bytes.Span);

    private static void Check(DeviceCertificate certificate, ReadOnlySpan<byte> accountKey, ReadOnlySpan<byte> deviceKey, DeviceRoles role, DateTimeOffset at, string who)
    {
        if (!certificate.AccountKey.SequenceEqual(accountKey) || !certificate.DeviceKeyBytes.SequenceEqual(deviceKey))
            throw new StatementException($"{who}'s device certificate is not that of the order's account and device.");
        Form.CheckCertificate(certificate, role, at, who);
    }
}
