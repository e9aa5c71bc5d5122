namespace Mycel.Ledger.Books;

/// <summary>Over what time a budget counts.</summary>
public enum BudgetPeriod
{
    /// <summary>Once and for all.</summary>
    Ever = 0,

    /// <summary>A day (UTC).</summary>
    Day = 1,

    /// <summary>A month (UTC).</summary>
    Month = 2,
}

/// <summary>The most that may be paid.</summary>
/// <param name="Amount">Micro-credits, 0 or more.</param>
/// <param name="Period">Over what time.</param>
public sealed record Budget(long Amount, BudgetPeriod Period)
{
    /// <summary>When the period began in which a moment lies.</summary>
    public DateTimeOffset StartOf(DateTimeOffset at) => Period switch
    {
        BudgetPeriod.Day => new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero),
        BudgetPeriod.Month => new DateTimeOffset(at.UtcDateTime.Year, at.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero),
        _ => DateTimeOffset.UnixEpoch,
    };

    /// <summary>Reads "5", "5/day" or "0.5/month": credits with at most six decimals.</summary>
    /// <exception cref="FormatException">It is no budget.</exception>
    public static Budget Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        BudgetPeriod? period = (slash < 0 ? "" : text[(slash + 1)..]) switch
        {
            "" when slash < 0 => BudgetPeriod.Ever,
            "day" => BudgetPeriod.Day,
            "month" => BudgetPeriod.Month,
            _ => null,
        };
        if (period is null || !MicroCredits.TryParse(slash < 0 ? text : text[..slash], out long amount))
            throw new FormatException($"\"{text}\" is no budget. Write credits, and if you like a period, such as 5, 2.5/day or 40/month.");
        return new Budget(amount, period.Value);
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => MicroCredits.Format(Amount) + Period switch { BudgetPeriod.Day => "/day", BudgetPeriod.Month => "/month", _ => "" };
}
