namespace Mycel.Node.Configuration;

/// <summary>
/// Every setting of a node, as in force: flags over <c>MYCEL_*</c> variables over <c>mycel.yaml</c> over these defaults.
/// An instance is never changed after validation; a reload makes a new one.
/// </summary>
public sealed record MycelOptions
{
    /// <summary>Folder of keys, secrets and state, mode 0700. Default: <c>$XDG_DATA_HOME/mycel</c> or <c>~/.local/share/mycel</c>.
    /// Needs a restart.</summary>
    public string DataDir { get; init; } = "";

    /// <summary>The HTTP interface.</summary>
    public ApiOptions Api { get; init; } = new();

    /// <summary>Relay devices named by flag, environment or file. Those added while running live in the data folder instead.</summary>
    public IReadOnlyList<RelayEntryOptions> Relays { get; init; } = [];

    /// <summary>How relay devices are watched and used.</summary>
    public RelayOptions Relay { get; init; } = new();

    /// <summary>The model files of this node, and those of them that it serves.</summary>
    public ModelsOptions Models { get; init; } = new();

    /// <summary>How this node computes models itself.</summary>
    public LocalEngineOptions Engine { get; init; } = new();

    /// <summary>How this node is linked with others.</summary>
    public LinkOptions Links { get; init; } = new();

    /// <summary>How nodes of the own account are found on the local network.</summary>
    public LanOptions Lan { get; init; } = new();

    /// <summary>How nodes and models are found that nobody linked knows of.</summary>
    public PeerTableOptions Dht { get; init; } = new();

    /// <summary>Who else may ask for this node's models.</summary>
    public SharingOptions Sharing { get; init; } = new();

    /// <summary>What is paid and owed.</summary>
    public CreditOptions Credit { get; init; } = new();

    /// <summary>Where the books are.</summary>
    public LedgerOptions Ledger { get; init; } = new();

    /// <summary>The line that forms when every slot is busy.</summary>
    public QueueOptions Queue { get; init; } = new();

    /// <summary>Limits on callers.</summary>
    public LimitsOptions Limits { get; init; } = new();

    /// <summary>What is logged, and how.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>Seconds that running requests may still take after SIGTERM. 0–3600, default 30.</summary>
    public int DrainSeconds { get; init; } = 30;
}
