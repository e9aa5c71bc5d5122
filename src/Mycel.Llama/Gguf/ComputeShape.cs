namespace Mycel.Llama.Gguf;

/// <summary>What computing takes beside weights and cache.</summary>
/// <param name="NumbersPerToken">Intermediate results of the layer that has most of them, for each token of a batch, 32 bits each.</param>
/// <param name="IsWholeText">Whether a text must be computed in one batch, as encoders need it.</param>
internal sealed record ComputeShape(long NumbersPerToken, bool IsWholeText)
{
    public static readonly ComputeShape None = new(0, false);
}
