namespace Mycel.Llama.Gguf;

/// <summary>An array in a GGUF file's metadata.</summary>
/// <param name="Count">Its elements in the file.</param>
/// <param name="Values">The elements, each a <see cref="string"/>, <see cref="bool"/>, <see cref="long"/>, <see cref="ulong"/> (above the range of long) or
/// <see cref="double"/>; null where there are more than <see cref="GgufHeader.MaxArrayKept"/>, as in a vocabulary.</param>
public sealed record GgufArray(long Count, IReadOnlyList<object>? Values);
