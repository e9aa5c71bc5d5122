namespace Mycel.Llama.Gguf;

/// <summary>Says what a file that is no GGUF seems to be.</summary>
internal static class GgufImpostor
{
    /// <param name="name">The file's name for the message.</param>
    /// <param name="start">Its first bytes.</param>
    public static GgufException Describe(string name, ReadOnlySpan<byte> start)
    {
        ReadOnlySpan<byte> text = start.TrimStart(" \t\r\n\uFEFF"u8);
        if (text.StartsWith("<"u8))
            return new GgufException($"{name} is a web page, not a model: the address was probably that of a page about the file. Download the file itself.");
        if (start.StartsWith("version https://git-lfs"u8))
            return new GgufException($"{name} is a pointer of Git LFS, not the model itself: run `git lfs pull` beside it or download the file.");
        if (start.StartsWith("PK\x03\x04"u8))
            return new GgufException($"{name} is a ZIP archive or PyTorch file, not a GGUF model: unpack it, or get a GGUF file of this model.");
        if (start.Length > 8 && start[8] == '{' && start[7] == 0)
            return new GgufException($"{name} seems to be a safetensors file: get a GGUF file of this model.");
        if (text.StartsWith("{"u8))
            return new GgufException($"{name} is JSON, not a model: the download probably answered with an error. Look into it and download the file again.");
        if (start.StartsWith("lmgg"u8) || start.StartsWith("fmgg"u8) || start.StartsWith("tjgg"u8))
            return new GgufException($"{name} is in the old GGML format, which is no longer supported: get a GGUF file of this model.");
        if (start.IndexOfAnyExcept((byte)0) < 0)
            return new GgufException($"{name} begins with zeros: its download was not finished. Download it again.");
        return new GgufException($"{name} is no GGUF model file: get a file whose name ends in .gguf.");
    }
}
