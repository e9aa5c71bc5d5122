using Mycel.Ledger;
using Mycel.Ledger.Books;
using Mycel.Node.Links;
using Mycel.Node.Settlement;

namespace Mycel.Node.Hosting;

/// <summary>Composes credit: the books, the two sides of each request, and what carries between them.</summary>
internal static class CreditServices
{
    /// <summary>Adds all of it.</summary>
    public static IServiceCollection AddCredit(this IServiceCollection services)
    {
        services.AddSingleton<CreditMetrics>();
        services.AddSingleton<MemberLines>();
        services.AddSingleton<DueSignal>();
        services.AddSingleton<ReputationBook>();
        services.AddSingleton<CreditRoom>();
        services.AddSingleton<PayingDesk>();
        services.AddSingleton<ServingDesk>();
        services.AddSingleton<SettleCall>();
        services.AddSingleton<ClearingRound>();
        services.AddSingleton<Settler>();
        services.AddSingleton<CreditReport>();
        services.AddSingleton<LedgerCheck>();
        services.AddSingleton<IStreamHandler, SettleHandler>();
        services.AddSingleton<IStreamHandler, ClearHandler>();
        return services;
    }

    /// <summary>Opens the books, where they hold something.</summary>
    /// <exception cref="NodeStartException">They cannot be opened: what is owed to others must not be forgotten.</exception>
    public static async Task StartCreditAsync(this IServiceProvider services)
    {
        try
        {
            await services.GetRequiredService<CreditRoom>().StartAsync();
        }
        catch (LedgerException closed)
        {
            throw new NodeStartException($"The books of this node cannot be opened: {closed.Message}", inner: closed);
        }
    }
}
