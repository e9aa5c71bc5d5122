namespace Mycel.Llama.Engine;

/// <summary>A sequence of the context: the tokens that the cache holds of it, and who is using it.</summary>
internal sealed class CachedSequence(int id)
{
    private int[] _tokens = new int[256];

    /// <summary>Its number in the context.</summary>
    public int Id { get; } = id;

    /// <summary>Tokens in the cache, or in the batch that is being computed.</summary>
    public int Count { get; private set; }

    /// <summary>The generation that extends it; null while it is only kept for those that begin alike.</summary>
    public Generation? Owner { get; set; }

    /// <summary>Step at which it was used last.</summary>
    public long LastUsed { get; set; }

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    public void Append(int token)
    {
        if (Count == _tokens.Length) Array.Resize(ref _tokens, 2 * Count);
        _tokens[Count++] = token;
    }

    /// <summary>Replaces its tokens.</summary>
    public void Set(ReadOnlySpan<int> tokens)
    {
        if (tokens.Length > _tokens.Length) Array.Resize(ref _tokens, Math.Max(tokens.Length, 2 * _tokens.Length));
        tokens.CopyTo(_tokens);
        Count = tokens.Length;
    }

    /// <summary>Keeps the first <paramref name="count"/> tokens.</summary>
    public void Truncate(int count) => Count = Math.Min(Count, count);
}
