namespace Mycel.Node.Configuration;

/// <summary>What other accounts pay for this node's models, and what may be owed.</summary>
public sealed record CreditOptions
{
    /// <summary>What a new member may owe where the invite says nothing else, and what this account may owe in networks of its own; micro-credits. Default 10 credits.</summary>
    public long Line { get; init; } = 10 * CreditAmount.One;

    /// <summary>What one account may have been served without its having been paid for certain, in micro-credits. Default 10 credits. Needs a restart.</summary>
    public long Exposure { get; init; } = 10 * CreditAmount.One;

    /// <summary>Prices by model name, each as <see cref="ModelPrice"/> writes it.</summary>
    public IReadOnlyDictionary<string, string> Prices { get; init; } = new Dictionary<string, string>();

    /// <summary>Price of models that <see cref="Prices"/> does not name; null takes it from the quality of the model. Default null (<c>auto</c>).</summary>
    public ModelPrice? DefaultPrice { get; init; }

    /// <summary>The most that this account spends; null for no bound. Default null.</summary>
    public CreditBudget? Budget { get; init; }

    /// <summary>Whether this node clears its account's networks: <c>auto</c> where it founded them, <c>on</c>, <c>off</c>. Default <c>auto</c>.</summary>
    public string Clearing { get; init; } = "auto";
}

/// <summary>Where the books are.</summary>
public sealed record LedgerOptions
{
    /// <summary>The database file (SQLite). Default: <c>ledger.db</c> in the data folder. Needs a restart.</summary>
    public string Path { get; init; } = "";

    /// <summary>A PostgreSQL database in its place: a reference to its connection string, <c>secret:NAME</c> or <c>env:NAME</c>; empty for none. Needs a restart.</summary>
    public string Postgres { get; init; } = "";
}
