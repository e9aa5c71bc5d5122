namespace Mycel.Llama;

/// <summary>Texts to embed.</summary>
/// <param name="Inputs">1 to <see cref="MaxInputs"/> texts.</param>
public sealed record EmbeddingRequest(IReadOnlyList<EmbeddingInput> Inputs)
{
    /// <summary>Most texts at once.</summary>
    public const int MaxInputs = 2048;
}

/// <summary>A text, or its tokens: one of both is given.</summary>
public sealed record EmbeddingInput(string? Text, IReadOnlyList<int>? Tokens = null);

/// <summary>Embeddings in the order of the inputs, each of length 1 (L2).</summary>
/// <param name="Vectors">The embeddings.</param>
/// <param name="PromptTokens">Tokens of all texts together.</param>
public sealed record EmbeddingResult(IReadOnlyList<float[]> Vectors, int PromptTokens);
