using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity;

namespace Mycel.Ledger.Statements;

/// <summary>What a provider says it did.</summary>
public sealed record Delivered
{
    /// <summary>Tokens read, 0 or more.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Tokens written and delivered, 0 or more.</summary>
    public required long CompletionTokens { get; init; }

    /// <summary>SHA-256 of the delivered bytes of the answer.</summary>
    public required ReadOnlyMemory<byte> ReplyHash { get; init; }

    /// <summary>Their number.</summary>
    public required long ReplyBytes { get; init; }

    /// <summary>SHA-256 of the model's file; empty where there is none.</summary>
    public ReadOnlyMemory<byte> ModelHash { get; init; }

    /// <summary>Why the answer ended, such as stop, length, cancelled, broken; at most 32 characters.</summary>
    public string FinishReason { get; init; } = "";

    /// <summary>When the work began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was over.</summary>
    public required DateTimeOffset FinishedAt { get; init; }
}

/// <summary>A provider's signed claim. Immutable; its form was checked, all else only by <see cref="Verify"/>.</summary>
public sealed class Receipt
{
    /// <summary>Domain of the signature.</summary>
    public const string Domain = "mycel/receipt/1";

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 1024;

    /// <summary>Longest reason, in characters.</summary>
    public const int MaxReasonLength = 32;

    private const string What = "The receipt";

    private readonly DeviceStatement _statement;
    private readonly byte[] _bytes;
    private readonly byte[] _hash;
    private readonly byte[] _orderHash;
    private readonly byte[] _replyHash;
    private readonly byte[] _modelHash;

    private Receipt(byte[] bytes)
    {
        _bytes = bytes;
        _statement = DeviceStatement.Parse(bytes, MaxBytes, What);
        Wire.Receipt body = Form.Read(Wire.Receipt.Parser, _statement.Body.Span, MaxBytes, What);
        _hash = SHA256.HashData(_statement.Body.Span);
        _orderHash = Form.Hash(body.OrderHash, "The order's hash");
        PromptTokens = Form.Number(body.PromptTokens, Prices.MaxTokens, "The number of tokens read");
        CompletionTokens = Form.Number(body.CompletionTokens, Prices.MaxTokens, "The number of tokens written");
        Amount = Form.Number(body.Amount, MicroCredits.Max, "The receipt's amount");
        _replyHash = Form.Hash(body.ReplyHash, "The answer's hash");
        ReplyBytes = Form.Number(body.ReplyBytes, long.MaxValue, "The answer's length");
        _modelHash = body.ModelHash.IsEmpty ? [] : Form.Hash(body.ModelHash, "The model's hash");
        FinishReason = Form.Text(body.FinishReason, 0, MaxReasonLength, "The reason of the answer's end");
        StartedAt = Form.Time(body.StartedAt, What);
        FinishedAt = Form.Time(body.FinishedAt, What);
        if (FinishedAt < StartedAt) throw new StatementException("The receipt's work ended before it began.");
    }

    /// <summary>The statement as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Hash of what was signed, 32 bytes.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Hash of the order, 32 bytes.</summary>
    public ReadOnlySpan<byte> OrderHash => _orderHash;

    /// <summary>Tokens read.</summary>
    public long PromptTokens { get; }

    /// <summary>Tokens written and delivered.</summary>
    public long CompletionTokens { get; }

    /// <summary>Micro-credits claimed.</summary>
    public long Amount { get; }

    /// <summary>SHA-256 of the delivered bytes of the answer.</summary>
    public ReadOnlySpan<byte> ReplyHash => _replyHash;

    /// <summary>Their number.</summary>
    public long ReplyBytes { get; }

    /// <summary>SHA-256 of the model's file; empty where there is none.</summary>
    public ReadOnlySpan<byte> ModelHash => _modelHash;

    /// <summary>Why the answer ended.</summary>
    public string FinishReason { get; }

    /// <summary>When the work began, by the provider's clock.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>When it was over.</summary>
    public DateTimeOffset FinishedAt { get; }

    /// <summary>Claims what the order pays for; tokens beyond its largest amount are left out.</summary>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static Receipt Issue(DeviceKey device, Order order, Delivered delivered)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(delivered);
        (long prompt, long completion) = order.Prices.Fit(
            Math.Clamp(delivered.PromptTokens, 0, Prices.MaxTokens), Math.Clamp(delivered.CompletionTokens, 0, Prices.MaxTokens), order.MaxAmount);
        var body = new Wire.Receipt
        {
            OrderHash = Form.Copy(order.Hash),
            PromptTokens = prompt,
            CompletionTokens = completion,
            Amount = order.Prices.AmountFor(prompt, completion),
            ReplyHash = Form.Copy(delivered.ReplyHash.Span),
            ReplyBytes = delivered.ReplyBytes,
            ModelHash = Form.Copy(delivered.ModelHash.Span),
            FinishReason = delivered.FinishReason,
            StartedAt = delivered.StartedAt.ToUnixTimeMilliseconds(),
            FinishedAt = delivered.FinishedAt.ToUnixTimeMilliseconds(),
        };
        return new Receipt(DeviceStatement.Sign(device, Domain, body.ToByteArray()));
    }

    /// <summary>Reads a receipt and checks its form.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static Receipt Parse(ReadOnlySpan<byte> bytes)
        => bytes.Length <= MaxBytes ? new Receipt(bytes.ToArray()) : throw new StatementException($"{What} has {bytes.Length:N0} bytes; {MaxBytes:N0} are the most.");

    /// <summary>Checks that the order's provider signed it, for this order, and that it claims what the order allows.</summary>
    /// <exception cref="StatementException">It does not hold.</exception>
    public void Verify(Order order)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (!OrderHash.SequenceEqual(order.Hash)) throw new StatementException("The receipt is of another order.");
        if (Amount > order.MaxAmount) throw new StatementException($"The receipt claims {Amount:N0} micro-credits; its order allows {order.MaxAmount:N0}.");
        if (Amount != order.Prices.AmountFor(PromptTokens, CompletionTokens)) throw new StatementException("The receipt's amount is not its tokens at the order's prices.");
        if (StartedAt + Form.ClockSkew < order.IssuedAt || FinishedAt - Form.ClockSkew > order.ExpiresAt) throw new StatementException("The receipt's work is not within its order's time.");
        _statement.Verify(Domain, order.ProviderDeviceKey);
    }

    /// <summary>Whether the device signed it; nothing else is checked.</summary>
    internal void VerifySignature(ReadOnlySpan<byte> deviceKey) => _statement.Verify(Domain, deviceKey);
}
