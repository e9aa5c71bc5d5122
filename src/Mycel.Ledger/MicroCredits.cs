using System.Globalization;

namespace Mycel.Ledger;

/// <summary>Amounts: whole micro-credits, a <c>long</c>. One credit is a million of them.</summary>
public static class MicroCredits
{
    /// <summary>Micro-credits in a credit.</summary>
    public const long PerCredit = 1_000_000;

    /// <summary>Largest amount of an order, and largest line: a billion credits. Sums of some thousand of them still fit.</summary>
    public const long Max = 1_000_000_000 * PerCredit;

    /// <summary>For people, in credits: as many digits as it takes, such as "0.000125" or "-3".</summary>
    public static string Format(long amount) => ((decimal)amount / PerCredit).ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>Reads credits with at most six decimals, 0 to a billion; false when it is no such number.</summary>
    public static bool TryParse(string? text, out long amount)
    {
        amount = 0;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal credits) || credits > Max / PerCredit) return false;
        decimal micro = credits * PerCredit;
        if (micro != decimal.Truncate(micro)) return false;
        amount = (long)micro;
        return true;
    }

    /// <summary>The sum, or the largest or smallest number where it does not fit.</summary>
    internal static long Add(long left, long right)
    {
        Int128 sum = (Int128)left + right;
        return sum > long.MaxValue ? long.MaxValue : sum < long.MinValue ? long.MinValue : (long)sum;
    }
}
