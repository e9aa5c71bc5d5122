namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>A request's body and the answer that it gets, in parts, if nobody breaks it off.</summary>
internal sealed class Work
{
    /// <summary>Bytes of a stream's event with a token in it.</summary>
    public const int BytesOfEvent = 12;

    private Work(byte[] body, int maxTokens, int promptTokens, IReadOnlyList<int> parts)
    {
        Body = body;
        MaxTokens = maxTokens;
        PromptTokens = promptTokens;
        Parts = parts;
    }

    public byte[] Body { get; }

    /// <summary>The most tokens that are asked for.</summary>
    public int MaxTokens { get; }

    public int PromptTokens { get; }

    /// <summary>Tokens of each part.</summary>
    public IReadOnlyList<int> Parts { get; }

    /// <summary>Any request.</summary>
    public static Work Any(SimRandom random)
    {
        byte[] body = random.Bytes((int)random.Between(8, 120));
        int maxTokens = (int)random.Between(1, 120);
        int left = (int)random.Between(1, maxTokens);
        var parts = new List<int>();
        while (left > 0 && parts.Count < 3)
        {
            int part = (int)random.Between(1, left);
            parts.Add(part);
            left -= part;
        }

        return new Work(body, maxTokens, (int)random.Between(1, body.Length), parts);
    }

    /// <summary>The bytes of a part: an event a token.</summary>
    public byte[] BytesOf(int part)
    {
        var bytes = new byte[Parts[part] * BytesOfEvent];
        for (int at = 0; at < bytes.Length; at++)
            bytes[at] = Body[at % Body.Length];
        return bytes;
    }
}
