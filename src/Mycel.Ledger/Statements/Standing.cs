using System.Security.Cryptography;
using Google.Protobuf;
using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Statements;

/// <summary>How an account stands in a network's ledger, as a clearing node says. Immutable; its form was checked, all else by <see cref="StandingProof.Verify"/>.</summary>
public sealed class Standing
{
    /// <summary>Domain of the signature.</summary>
    public const string Domain = "mycel/standing/1";

    /// <summary>Largest size, in bytes.</summary>
    public const int MaxBytes = 1024;

    /// <summary>Length of a ledger's id, in bytes.</summary>
    public const int LedgerIdBytes = 16;

    /// <summary>Longest validity.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromDays(7);

    private const string What = "The standing";

    private readonly DeviceStatement _statement;
    private readonly byte[] _bytes;
    private readonly byte[] _hash;
    private readonly byte[] _accountKey;
    private readonly byte[] _ledgerId;
    private readonly byte[] _head;

    private Standing(byte[] bytes)
    {
        _bytes = bytes;
        _statement = DeviceStatement.Parse(bytes, MaxBytes, What);
        Wire.Standing body = Form.Read(Wire.Standing.Parser, _statement.Body.Span, MaxBytes, What);
        _hash = SHA256.HashData(_statement.Body.Span);
        Network = new NetworkId(new PeerId(Form.Hash(body.NetworkId, "The network's id")));
        _accountKey = Form.Key(body.AccountKey, "The account's key");
        Account = AccountId.FromPublicKey(_accountKey);
        Balance = body.Balance;
        Line = Form.Number(body.Line, MicroCredits.Max, "The account's line");
        Sequence = body.Sequence;
        IssuedAt = Form.Time(body.IssuedAt, What);
        ExpiresAt = Form.Time(body.ExpiresAt, What);
        _ledgerId = Form.Bytes(body.LedgerId, LedgerIdBytes, "The ledger's id");
        Entries = body.Entries <= long.MaxValue ? (long)body.Entries : throw new StatementException("The standing's number of entries is out of range.");
        _head = Form.Hash(body.Head, "The ledger's head");
        IsRefused = body.IsRefused;
        if (ExpiresAt <= IssuedAt || ExpiresAt - IssuedAt > MaxValidity) throw new StatementException($"A standing is valid for at most {MaxValidity.TotalDays} days.");
    }

    /// <summary>The statement as others read it.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Hash of what was signed, 32 bytes.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>The network.</summary>
    public NetworkId Network { get; }

    /// <summary>Whose standing.</summary>
    public AccountId Account { get; }

    /// <summary>Micro-credits; below 0 where the account owes.</summary>
    public long Balance { get; }

    /// <summary>Micro-credits that it may owe.</summary>
    public long Line { get; }

    /// <summary>A higher one replaces a lower one of the same account in the same ledger.</summary>
    public ulong Sequence { get; }

    /// <summary>When it was signed, by the clearing node's clock.</summary>
    public DateTimeOffset IssuedAt { get; }

    /// <summary>Until when it is believed.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>The ledger, 16 bytes.</summary>
    public ReadOnlySpan<byte> LedgerId => _ledgerId;

    /// <summary>Transfers in the ledger when it was signed.</summary>
    public long Entries { get; }

    /// <summary>The chain's hash after the last of them.</summary>
    public ReadOnlySpan<byte> Head => _head;

    /// <summary>Whether fraud of the account was proved.</summary>
    public bool IsRefused { get; }

    /// <summary>What the account can spend, 0 or more.</summary>
    public long Spendable => Math.Max(0, MicroCredits.Add(Balance, Line));

    /// <summary>Signs a standing.</summary>
    /// <param name="device">The clearing node's key.</param>
    /// <param name="network">The network.</param>
    /// <param name="accountKey">The account's raw key, 32 bytes.</param>
    /// <param name="account">The account as it is, with the sequence that was taken for this.</param>
    /// <param name="line">What it may owe, 0 to <see cref="MicroCredits.Max"/>.</param>
    /// <param name="head">Where the ledger stands.</param>
    /// <param name="at">Now.</param>
    /// <param name="validity">How long it is believed, at most <see cref="MaxValidity"/>.</param>
    /// <exception cref="StatementException">A value is out of range.</exception>
    public static Standing Issue(
        DeviceKey device, NetworkId network, ReadOnlySpan<byte> accountKey, AccountRecord account, long line, LedgerHead head, DateTimeOffset at, TimeSpan validity)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(head);
        var body = new Wire.Standing
        {
            NetworkId = Form.Id(network.Hash),
            AccountKey = Form.Copy(accountKey),
            Balance = account.Balance,
            Line = line,
            Sequence = account.Sequence,
            IssuedAt = at.ToUnixTimeMilliseconds(),
            ExpiresAt = (at + validity).ToUnixTimeMilliseconds(),
            LedgerId = Form.Copy(head.LedgerId.Span),
            Entries = checked((ulong)head.Entries),
            Head = Form.Copy(head.Hash.Span),
            IsRefused = account.IsRefused,
        };
        return new Standing(DeviceStatement.Sign(device, Domain, body.ToByteArray()));
    }

    /// <summary>Reads a standing and checks its form.</summary>
    /// <exception cref="StatementException">It is damaged, or a value is out of range.</exception>
    public static Standing Parse(ReadOnlySpan<byte> bytes)
        => bytes.Length <= MaxBytes ? new Standing(bytes.ToArray()) : throw new StatementException($"{What} has {bytes.Length:N0} bytes; {MaxBytes:N0} are the most.");

    /// <summary>Whether the device signed it; nothing else is checked.</summary>
    internal void VerifySignature(ReadOnlySpan<byte> deviceKey) => _statement.Verify(Domain, deviceKey);
}
