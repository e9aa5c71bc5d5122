using Mycel.Ledger.Books;
using Mycel.Node.Configuration;

namespace Mycel.Node.Settlement;

/// <summary>Out of what a caller's requests are paid.</summary>
/// <param name="KeyName">The API key, by name.</param>
/// <param name="Budget">What it may cost; null for no bound of its own.</param>
internal sealed record Purse(string KeyName, CreditBudget? Budget)
{
    /// <summary>A budget as the books have it.</summary>
    public static Budget? BookBudget(CreditBudget? budget) => budget is not { } set ? null : new Budget(set.Amount, set.Period switch
    {
        Configuration.BudgetPeriod.Day => Ledger.Books.BudgetPeriod.Day,
        Configuration.BudgetPeriod.Month => Ledger.Books.BudgetPeriod.Month,
        _ => Ledger.Books.BudgetPeriod.Ever,
    });
}
