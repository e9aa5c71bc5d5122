namespace Mycel.Node.Cli.Client;

/// <summary>The known models, the best for a node's machine first.</summary>
internal sealed class RecommendedModelsReply
{
    /// <summary>Memory for models.</summary>
    public long BudgetBytes { get; set; }

    /// <summary>Whether a setting says so.</summary>
    public bool Configured { get; set; }

    /// <summary>The models.</summary>
    public IReadOnlyList<RecommendedModel> Models { get; set; } = [];

    /// <summary>A known model, and how it fits.</summary>
    internal sealed record RecommendedModel
    {
        /// <summary>The name it is pulled by.</summary>
        public string Name { get; init; } = "";

        /// <summary>Where it comes from.</summary>
        public string Source { get; init; } = "";

        /// <summary>chat, code or embedding.</summary>
        public string Purpose { get; init; } = "";

        /// <summary>The file's size.</summary>
        public long FileBytes { get; init; }

        /// <summary>Whether that is right to the byte.</summary>
        public bool Exact { get; init; }

        /// <summary>Numbers in it.</summary>
        public long Parameters { get; init; }

        /// <summary>How they are stored.</summary>
        public string Quantization { get; init; } = "";

        /// <summary>Tokens it was trained for.</summary>
        public int ContextTrain { get; init; }

        /// <summary>Its licence.</summary>
        public string Licence { get; init; } = "";

        /// <summary>What may be expected of it.</summary>
        public string? Tier { get; init; }

        /// <summary>Whether it fits.</summary>
        public bool Fits { get; init; }

        /// <summary>Tokens a request could use.</summary>
        public int Context { get; init; }

        /// <summary>Requests at once.</summary>
        public int Slots { get; init; }

        /// <summary>Memory it takes so.</summary>
        public long NeededBytes { get; init; }

        /// <summary>Whether it is in the models folder.</summary>
        public bool Pulled { get; init; }
    }
}
