namespace Mycel.Llama.Gguf;

/// <summary>A file is no model that can be read. The message is for the person who chose the file: it names the file, what is wrong and what to do.</summary>
public sealed class GgufException(string message, Exception? inner = null) : Exception(message, inner);
