namespace Mycel.Llama.Gguf;

/// <summary>What a model's layers keep of the texts they read.</summary>
/// <param name="BytesPerCell">Bytes for each token of the context: keys and values of all layers that attend, 16 bits a number.</param>
/// <param name="BytesPerSlot">Bytes for each slot whatever its context: states of recurrent layers, 32 bits a number.</param>
internal sealed record CacheShape(long BytesPerCell, long BytesPerSlot)
{
    public static readonly CacheShape None = new(0, 0);
}
