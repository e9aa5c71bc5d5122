using System.Globalization;

namespace Mycel.Node.Configuration;

/// <summary>Amounts of credit as people write and read them. Inside, amounts are whole micro-credits: a credit is a million of them.</summary>
internal static class CreditAmount
{
    /// <summary>Micro-credits of one credit.</summary>
    public const long One = 1_000_000;

    /// <summary>Most that a setting may say, in micro-credits: a billion credits.</summary>
    public const long Most = 1_000_000_000 * One;

    private const int Decimals = 6;

    /// <summary>Reads an amount in credits, 0 to a billion with up to six decimals.</summary>
    /// <param name="text">The text.</param>
    /// <param name="amount">Micro-credits.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out long amount)
    {
        amount = 0;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var credits) || credits * One > Most) return false;
        var micro = credits * One;
        amount = (long)micro;
        return micro == amount;
    }

    /// <summary>An amount exactly, without zeros at its end, in a form that <see cref="TryParse"/> reads.</summary>
    public static string Exact(long amount) => ((decimal)amount / One).ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>An amount for a sentence: at least two significant digits, no more decimals than it takes, never rounded to nothing.</summary>
    public static string Short(long amount)
    {
        var credits = (decimal)amount / One;
        var size = Math.Abs(credits);
        var decimals = size switch { >= 100 => 0, >= 1 => 1, >= 0.1m => 2, >= 0.01m => 3, >= 0.001m => 4, >= 0.0001m => 5, _ => Decimals };
        var rounded = Math.Round(credits, decimals, MidpointRounding.ToEven);
        return rounded.ToString("#,0.######", CultureInfo.InvariantCulture);
    }
}
