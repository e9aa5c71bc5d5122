namespace Mycel.Node.Cli.Client;

/// <summary>What an account has and owes; amounts in micro-credits.</summary>
internal sealed class CreditReply
{
    /// <summary>What that means.</summary>
    public string Sentence { get; set; } = "";

    /// <summary>Each network.</summary>
    public IReadOnlyList<NetworkCredit> Networks { get; set; } = [];

    /// <summary>One network.</summary>
    internal sealed class NetworkCredit
    {
        /// <summary>Its name.</summary>
        public string Name { get; set; } = "";

        /// <summary>What that means.</summary>
        public string Sentence { get; set; } = "";

        /// <summary>The account's balance.</summary>
        public long Balance { get; set; }

        /// <summary>What it may owe.</summary>
        public long Line { get; set; }

        /// <summary>What can be ordered now.</summary>
        public long Available { get; set; }

        /// <summary>The most that requests under way may cost.</summary>
        public long Reserved { get; set; }

        /// <summary>Earned, and not in the balance yet.</summary>
        public long EarnedPending { get; set; }

        /// <summary>Used, and not in the balance yet.</summary>
        public long UsedPending { get; set; }

        /// <summary>Whether fraud of the account was proved.</summary>
        public bool Refused { get; set; }

        /// <summary>When the ledger said the balance.</summary>
        public DateTimeOffset? StandingAt { get; set; }

        /// <summary>Whether the ledger is here.</summary>
        public bool ClearsHere { get; set; }

        /// <summary>Whether it can be reached.</summary>
        public bool LedgerReached { get; set; }

        /// <summary>What there is with each other account.</summary>
        public IReadOnlyList<Tab> Tabs { get; set; } = [];
    }

    /// <summary>One other account.</summary>
    internal sealed class Tab
    {
        /// <summary>The account.</summary>
        public string Account { get; set; } = "";

        /// <summary>Names of its nodes.</summary>
        public IReadOnlyList<string> Names { get; set; } = [];

        /// <summary>What it paid.</summary>
        public long Earned { get; set; }

        /// <summary>What it was paid.</summary>
        public long Used { get; set; }

        /// <summary>What it has not paid for certain.</summary>
        public long EarnedPending { get; set; }

        /// <summary>What it was not paid for certain.</summary>
        public long UsedPending { get; set; }
    }
}

/// <summary>A receipt.</summary>
internal sealed class ReceiptReply
{
    /// <summary>32 hexadecimal digits.</summary>
    public string Id { get; set; } = "";

    /// <summary>paid or earned.</summary>
    public string Side { get; set; } = "";

    /// <summary>How far it has come.</summary>
    public string State { get; set; } = "";

    /// <summary>The other account.</summary>
    public string Account { get; set; } = "";

    /// <summary>The other device's name.</summary>
    public string? Name { get; set; }

    /// <summary>The model.</summary>
    public string Model { get; set; } = "";

    /// <summary>Tokens read.</summary>
    public long PromptTokens { get; set; }

    /// <summary>Tokens written.</summary>
    public long CompletionTokens { get; set; }

    /// <summary>What both agreed on, or what is claimed.</summary>
    public long Amount { get; set; }

    /// <summary>What the provider claims.</summary>
    public long Claimed { get; set; }

    /// <summary>The API key.</summary>
    public string? Key { get; set; }

    /// <summary>When the provider signed.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Number in the ledger.</summary>
    public long? Entry { get; set; }

    /// <summary>Why it waits or was refused.</summary>
    public string? Reason { get; set; }

    /// <summary>The signed bytes, in Base64.</summary>
    public string? Signed { get; set; }
}

/// <summary>Receipts.</summary>
internal sealed class ReceiptListReply
{
    /// <summary>The latest first.</summary>
    public IReadOnlyList<ReceiptReply> Receipts { get; set; } = [];

    /// <summary>For the next page.</summary>
    public string? Next { get; set; }
}

/// <summary>What a check of the books found.</summary>
internal sealed class LedgerCheckReply
{
    /// <summary>Whether everything is in order.</summary>
    public bool Whole { get; set; }

    /// <summary>Each book.</summary>
    public IReadOnlyList<Book> Books { get; set; } = [];

    /// <summary>One book.</summary>
    internal sealed class Book
    {
        /// <summary>The network's name.</summary>
        public string Network { get; set; } = "";

        /// <summary>ledger, or receipts for this node's own.</summary>
        [System.Text.Json.Serialization.JsonPropertyName("book")]
        public string Kind { get; set; } = "";

        /// <summary>Entries looked at.</summary>
        public long Entries { get; set; }

        /// <summary>The first bad entry.</summary>
        public long? BadEntry { get; set; }

        /// <summary>The first bad receipt.</summary>
        public string? BadReceipt { get; set; }

        /// <summary>What is wrong.</summary>
        public string? Problem { get; set; }
    }
}
