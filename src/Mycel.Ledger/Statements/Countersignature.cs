using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity;

namespace Mycel.Ledger.Statements;

/// <summary>A payer's signed agreement to a receipt, or to less than it claims. Immutable; its form was checked, all else only by <see cref="Verify"/>.</summary>
public sealed class Countersignature
{
    /// <summary>Domain of the signature.</summary>
    public const string Domain = "mycel/countersignature/1";

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 512;

    private const string What = "The countersignature";

    private readonly DeviceStatement _statement;
    private readonly byte[] _bytes;
    private readonly byte[] _hash;
    private readonly byte[] _receiptHash;

    private Countersignature(byte[] bytes)
    {
        _bytes = bytes;
        _statement = DeviceStatement.Parse(bytes, MaxBytes, What);
        Wire.Countersignature body = Form.Read(Wire.Countersignature.Parser, _statement.Body.Span, MaxBytes, What);
        _hash = SHA256.HashData(_statement.Body.Span);
        _receiptHash = Form.Hash(body.ReceiptHash, "The receipt's hash");
        PromptTokens = Form.Number(body.PromptTokens, Prices.MaxTokens, "The number of tokens read");
        CompletionTokens = Form.Number(body.CompletionTokens, Prices.MaxTokens, "The number of tokens written");
        Amount = Form.Number(body.Amount, MicroCredits.Max, "The countersignature's amount");
        SignedAt = Form.Time(body.SignedAt, What);
    }

    /// <summary>The statement as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Hash of what was signed, 32 bytes.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Hash of the receipt, 32 bytes.</summary>
    public ReadOnlySpan<byte> ReceiptHash => _receiptHash;

    /// <summary>Tokens read that are paid.</summary>
    public long PromptTokens { get; }

    /// <summary>Tokens written that are paid.</summary>
    public long CompletionTokens { get; }

    /// <summary>Micro-credits that are paid.</summary>
    public long Amount { get; }

    /// <summary>When it was signed, by the payer's clock.</summary>
    public DateTimeOffset SignedAt { get; }

    /// <summary>Agrees to pay for as many tokens, at most those of the receipt.</summary>
    public static Countersignature Issue(DeviceKey device, Order order, Receipt receipt, long promptTokens, long completionTokens, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(receipt);
        long prompt = Math.Clamp(promptTokens, 0, receipt.PromptTokens);
        long completion = Math.Clamp(completionTokens, 0, receipt.CompletionTokens);
        var body = new Wire.Countersignature
        {
            ReceiptHash = Form.Copy(receipt.Hash),
            PromptTokens = prompt,
            CompletionTokens = completion,
            Amount = order.Prices.AmountFor(prompt, completion),
            SignedAt = at.ToUnixTimeMilliseconds(),
        };
        return new Countersignature(DeviceStatement.Sign(device, Domain, body.ToByteArray()));
    }

    /// <summary>Reads a countersignature and checks its form.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static Countersignature Parse(ReadOnlySpan<byte> bytes)
        => bytes.Length <= MaxBytes ? new Countersignature(bytes.ToArray()) : throw new StatementException($"{What} has {bytes.Length:N0} bytes; {MaxBytes:N0} are the most.");

    /// <summary>Checks that the order's payer signed it, for this receipt, and that it agrees to no more than the receipt claims.</summary>
    /// <exception cref="StatementException">It does not hold.</exception>
    public void Verify(Order order, Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(receipt);
        if (!ReceiptHash.SequenceEqual(receipt.Hash)) throw new StatementException("The countersignature is of another receipt.");
        if (PromptTokens > receipt.PromptTokens || CompletionTokens > receipt.CompletionTokens) throw new StatementException("The countersignature pays for more tokens than the receipt claims.");
        if (Amount != order.Prices.AmountFor(PromptTokens, CompletionTokens)) throw new StatementException("The countersignature's amount is not its tokens at the order's prices.");
        _statement.Verify(Domain, order.PayerDeviceKey);
    }

    /// <summary>Whether another one of the same receipt says the same: when it was signed does not matter.</summary>
    public bool Agrees(Countersignature other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReceiptHash.SequenceEqual(other.ReceiptHash) && PromptTokens == other.PromptTokens && CompletionTokens == other.CompletionTokens && Amount == other.Amount;
    }

    /// <summary>Whether the device signed it; nothing else is checked.</summary>
    internal void VerifySignature(ReadOnlySpan<byte> deviceKey) => _statement.Verify(Domain, deviceKey);
}
