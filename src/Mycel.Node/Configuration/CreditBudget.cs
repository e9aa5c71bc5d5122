namespace Mycel.Node.Configuration;

/// <summary>The time after which a budget begins anew.</summary>
public enum BudgetPeriod
{
    /// <summary>It never does.</summary>
    Ever,

    /// <summary>Each day, at midnight UTC.</summary>
    Day,

    /// <summary>Each month, at its first midnight UTC.</summary>
    Month,
}

/// <summary>The most that may be spent in a time.</summary>
/// <param name="Amount">Micro-credits, 0 or more.</param>
/// <param name="Period">When it begins anew.</param>
public readonly record struct CreditBudget(long Amount, BudgetPeriod Period)
{
    /// <summary>What <see cref="TryParse"/> accepts, in words.</summary>
    public const string Accepted = "credits with up to six decimals, in all or for each day or month (UTC), such as 5/month, 0.5/day or 20";

    /// <summary>Reads <c>CREDITS[/day|/month]</c>.</summary>
    public static bool TryParse(string? text, out CreditBudget budget)
    {
        budget = default;
        if (text is null) return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var amountText = slash < 0 ? text.AsSpan() : text.AsSpan(0, slash);
        BudgetPeriod? period = slash < 0 ? BudgetPeriod.Ever : text.AsSpan(slash + 1) switch { "day" => BudgetPeriod.Day, "month" => BudgetPeriod.Month, _ => null };
        if (period is null || !CreditAmount.TryParse(amountText, out var amount)) return false;
        budget = new CreditBudget(amount, period.Value);
        return true;
    }

    /// <summary>When the period began in which a moment lies; null for a budget in all.</summary>
    public DateTimeOffset? StartOf(DateTimeOffset now)
    {
        var day = now.ToUniversalTime();
        return Period switch
        {
            BudgetPeriod.Day => new DateTimeOffset(day.Year, day.Month, day.Day, 0, 0, 0, TimeSpan.Zero),
            BudgetPeriod.Month => new DateTimeOffset(day.Year, day.Month, 1, 0, 0, 0, TimeSpan.Zero),
            _ => null,
        };
    }

    /// <summary>The form that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => CreditAmount.Exact(Amount) + Period switch { BudgetPeriod.Day => "/day", BudgetPeriod.Month => "/month", _ => "" };
}
