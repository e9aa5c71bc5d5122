namespace Mycel.Node.Cli.Client;

/// <summary>Where a request for a model would go.</summary>
internal sealed class PlanReply
{
    /// <summary>The name as asked for.</summary>
    public string Model { get; set; } = "";

    /// <summary>Who would be asked, the best first.</summary>
    public IReadOnlyList<PlanRankReply> Ranking { get; set; } = [];

    /// <summary>Who would not.</summary>
    public IReadOnlyList<PlanRefusalReply> Refused { get; set; } = [];
}

/// <summary>One that would be asked.</summary>
internal sealed class PlanRankReply
{
    /// <summary>Its route.</summary>
    public string Route { get; set; } = "";

    /// <summary>The model's name there.</summary>
    public string Model { get; set; } = "";

    /// <summary>1 for the first.</summary>
    public int Rank { get; set; }

    /// <summary>Weighed seconds.</summary>
    public double Score { get; set; }

    /// <summary>What the score is made of.</summary>
    public IReadOnlyList<string> Reasons { get; set; } = [];

    /// <summary>Requests there.</summary>
    public int InFlight { get; set; }

    /// <summary>Requests at once.</summary>
    public int Slots { get; set; }

    /// <summary>Expected time to the first token, in ms.</summary>
    public double? FirstTokenMs { get; set; }

    /// <summary>Expected rate.</summary>
    public double? TokensPerSecond { get; set; }

    /// <summary>Micro-credits for a million tokens of the prompt.</summary>
    public long PromptPrice { get; set; }

    /// <summary>Micro-credits for a million tokens of the answer.</summary>
    public long CompletionPrice { get; set; }
}

/// <summary>One that would not be asked.</summary>
internal sealed class PlanRefusalReply
{
    /// <summary>Its route.</summary>
    public string Route { get; set; } = "";

    /// <summary>Why.</summary>
    public string Reason { get; set; } = "";
}
