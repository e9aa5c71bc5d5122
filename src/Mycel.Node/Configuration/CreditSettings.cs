namespace Mycel.Node.Configuration;

/// <summary>The rows of <see cref="SettingTable"/> for credit and its books.</summary>
internal static class CreditSettings
{
    /// <summary>The rows.</summary>
    public static IEnumerable<Setting> All() => [.. Credit(), .. Ledger()];

    private static IEnumerable<Setting> Credit() =>
    [
        new ScalarSetting<long>(ValueForms.Credits, o => o.Credit.Line, (o, v) => o with { Credit = o.Credit with { Line = v } })
        {
            Key = "credit.line", IsHot = true, Summary = "What a member may owe where its invite says nothing else, and this account in its own networks.",
        },
        new ScalarSetting<long>(ValueForms.Credits, o => o.Credit.Exposure, (o, v) => o with { Credit = o.Credit with { Exposure = v } })
        {
            Key = "credit.exposure", IsHot = false, Summary = "Most that one account is served before its payments are certain: more than that is never lost to it.",
        },
        new MapSetting("model names", ValueForms.Price, o => o.Credit.Prices, (o, v) => o with { Credit = o.Credit with { Prices = v } })
        {
            Key = "credit.prices", IsHot = true, Summary = "What other accounts pay for these models.",
        },
        new ScalarSetting<ModelPrice?>(ValueForms.PriceOrAuto, o => o.Credit.DefaultPrice, (o, v) => o with { Credit = o.Credit with { DefaultPrice = v } })
        {
            Key = "credit.default_price", IsHot = true, Summary = "What other accounts pay for all other models; auto goes by the model's quality.",
        },
        new ScalarSetting<CreditBudget?>(ValueForms.Budget, o => o.Credit.Budget, (o, v) => o with { Credit = o.Credit with { Budget = v } })
        {
            Key = "credit.budget", IsHot = true, Summary = "Most that this node spends, over all networks and keys.",
        },
        new ScalarSetting<string>(
            ValueForms.OneOf(("auto", "auto"), ("on", "on"), ("off", "off")), o => o.Credit.Clearing, (o, v) => o with { Credit = o.Credit with { Clearing = v } })
        {
            Key = "credit.clearing", IsHot = false, Summary = "Keep the ledger of this account's networks; auto does where this node founded them or was appointed to.",
        },
    ];

    private static IEnumerable<Setting> Ledger() =>
    [
        new ScalarSetting<string>(ValueForms.FilePath, o => o.Ledger.Path, (o, v) => o with { Ledger = o.Ledger with { Path = v } })
        {
            Key = "ledger.path", IsHot = false, DocumentedDefault = "DATA_DIR/ledger.db", Summary = "The database of orders, receipts and the ledger (SQLite).",
        },
        new ScalarSetting<string>(ValueForms.SecretReference, o => o.Ledger.Postgres, (o, v) => o with { Ledger = o.Ledger with { Postgres = v } })
        {
            Key = "ledger.postgres", IsHot = false, Summary = "A PostgreSQL database in its place, by the place of its connection string.",
        },
    ];
}
