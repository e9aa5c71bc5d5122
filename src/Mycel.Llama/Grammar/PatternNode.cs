namespace Mycel.Llama.Grammar;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>Fewest characters that match.</summary>
    public abstract long Shortest { get; }

    /// <summary>Most characters that match; null where there is no end.</summary>
    public abstract long? Longest { get; }
}

/// <summary>One character.</summary>
internal sealed record PatternCharacter(CharacterSet Set) : PatternNode
{
    public override long Shortest => 1;
    public override long? Longest => 1;
}

/// <summary>One part after the other.</summary>
internal sealed record PatternSequence(IReadOnlyList<PatternNode> Parts) : PatternNode
{
    public override long Shortest => Parts.Sum(p => p.Shortest);
    public override long? Longest => Parts.Any(p => p.Longest is null) ? null : Parts.Sum(p => p.Longest);
}

/// <summary>One of several.</summary>
internal sealed record PatternChoice(IReadOnlyList<PatternNode> Choices) : PatternNode
{
    public override long Shortest => Choices.Min(c => c.Shortest);
    public override long? Longest => Choices.Any(c => c.Longest is null) ? null : Choices.Max(c => c.Longest);
}

/// <summary>A part several times.</summary>
internal sealed record PatternRepeat(PatternNode Part, int Min, int? Max) : PatternNode
{
    public override long Shortest => Math.Min(Part.Shortest * Min, int.MaxValue);
    public override long? Longest => Max is { } max && Part.Longest is { } longest ? Math.Min(longest * max, int.MaxValue) : null;
}

/// <summary><c>^</c> or <c>$</c>.</summary>
internal sealed record PatternAnchor(bool IsStart) : PatternNode
{
    public override long Shortest => 0;
    public override long? Longest => 0;
}
