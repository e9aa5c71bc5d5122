using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Ledger.Statements;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Books;

/// <summary>Fills a buffer with random bytes.</summary>
public delegate void RandomBytes(Span<byte> destination);

/// <summary>What all books of a node share: who it is, where it writes, what time it is. Time and randomness come from here alone, so that runs can be replayed.</summary>
public sealed class BookContext
{
    /// <summary>Where the books are kept.</summary>
    public required ILedgerStore Store { get; init; }

    /// <summary>The node's key; whoever made it disposes it, after the books' last use.</summary>
    public required DeviceKey Device { get; init; }

    /// <summary>The node's certificate as it is now: it is renewed from time to time.</summary>
    public required Func<DeviceCertificate> Certificate { get; init; }

    /// <summary>This run of the node, as its greetings name it: 16 bytes, others at each start.</summary>
    public required ReadOnlyMemory<byte> Instance { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Randomness of orders' ids; the system's unless told otherwise.</summary>
    public RandomBytes Random { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>Certificates and standings that were verified already.</summary>
    public StatementCache Cache { get; init; } = new();

    internal DateTimeOffset Now => Time.GetUtcNow();
}
