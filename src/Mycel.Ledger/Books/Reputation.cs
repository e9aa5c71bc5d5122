using Google.Protobuf;

namespace Mycel.Ledger.Books;

/// <summary>What one peer was seen to do, decayed to now: what is a week old counts half.</summary>
/// <param name="Successes">Requests that it answered whole, weighed.</param>
/// <param name="Failures">Requests that it refused for no good reason, broke off or let wait too long, weighed.</param>
/// <param name="Disputes">Receipts that claimed more than was paid, weighed.</param>
/// <param name="Settled">Micro-credits settled with it, weighed.</param>
/// <param name="FirstTokenMs">Mean time to the first token in milliseconds, the latest weighing most; null where none was measured.</param>
/// <param name="TokensPerSecond">Mean speed, the latest weighing most; null where none was measured.</param>
public sealed record Reputation(double Successes, double Failures, double Disputes, double Settled, double? FirstTokenMs, double? TokensPerSecond)
{
    /// <summary>
    /// Share of requests that went well, above 0 and below 1: a peer that is not known is held for one that fails one time in ten. Disputes count as failures.
    /// </summary>
    public double SuccessShare => (Successes + 9) / (Successes + Failures + Disputes + 10);
}

/// <summary>One thing that was observed of a peer; what is null or 0 is not said.</summary>
public sealed record Observation
{
    /// <summary>Whether the request went well; null where it says nothing of the peer, such as when the caller hung up.</summary>
    public bool? IsSuccess { get; init; }

    /// <summary>Whether its receipt claimed more than was paid.</summary>
    public bool IsDispute { get; init; }

    /// <summary>Micro-credits settled.</summary>
    public long Settled { get; init; }

    /// <summary>Time to the first token, in milliseconds.</summary>
    public double? FirstTokenMs { get; init; }

    /// <summary>Tokens written a second.</summary>
    public double? TokensPerSecond { get; init; }
}

/// <summary>Sums that decay. Guarded by its book.</summary>
internal sealed class ReputationSums
{
    /// <summary>What is so old counts half.</summary>
    public static readonly TimeSpan HalfLife = TimeSpan.FromDays(7);

    // No sum of what was really observed comes near it.
    private const double MaxSum = 1e15;

    // More milliseconds than a day has, and more tokens than a machine writes in a second.
    private const double MaxSample = 1e9;

    private readonly Wire.Observed _sums;

    public ReputationSums() => _sums = new Wire.Observed();

    private ReputationSums(Wire.Observed sums) => _sums = sums;

    public long At => _sums.At;

    public bool IsDirty { get; set; }

    /// <summary>Reads what <see cref="ToBytes"/> wrote; null where it is damaged.</summary>
    public static ReputationSums? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Wire.Observed sums = Wire.Observed.Parser.ParseFrom(bytes);
            double[] all = [sums.Successes, sums.Failures, sums.Disputes, sums.Settled, sums.FirstTokenMs, sums.FirstTokenWeight, sums.TokensPerSecond, sums.TokensWeight];
            return sums.At >= 0 && all.All(value => value is >= 0 and <= MaxSum) ? new ReputationSums(sums) : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    public byte[] ToBytes() => _sums.ToByteArray();

    public void Add(Observation seen, DateTimeOffset now)
    {
        Decay(now);
        if (seen.IsSuccess == true) _sums.Successes++;
        if (seen.IsSuccess == false) _sums.Failures++;
        if (seen.IsDispute) _sums.Disputes++;
        _sums.Settled = Math.Min(MaxSum, _sums.Settled + Math.Max(0, seen.Settled));
        if (seen.FirstTokenMs is >= 0 and <= MaxSample and var first)
        {
            _sums.FirstTokenMs += first;
            _sums.FirstTokenWeight++;
        }

        if (seen.TokensPerSecond is > 0 and <= MaxSample and var speed)
        {
            _sums.TokensPerSecond += speed;
            _sums.TokensWeight++;
        }
    }

    public Reputation Read(DateTimeOffset now)
    {
        Decay(now);
        return new Reputation(
            _sums.Successes,
            _sums.Failures,
            _sums.Disputes,
            _sums.Settled,
            _sums.FirstTokenWeight > 0 ? _sums.FirstTokenMs / _sums.FirstTokenWeight : null,
            _sums.TokensWeight > 0 ? _sums.TokensPerSecond / _sums.TokensWeight : null);
    }

    private void Decay(DateTimeOffset now)
    {
        long at = now.ToUnixTimeMilliseconds();
        if (at <= _sums.At) return;
        double factor = _sums.At == 0 ? 1 : Math.Pow(0.5, (at - _sums.At) / HalfLife.TotalMilliseconds);
        _sums.At = at;
        _sums.Successes *= factor;
        _sums.Failures *= factor;
        _sums.Disputes *= factor;
        _sums.Settled *= factor;
        _sums.FirstTokenMs *= factor;
        _sums.FirstTokenWeight *= factor;
        _sums.TokensPerSecond *= factor;
        _sums.TokensWeight *= factor;
    }
}
