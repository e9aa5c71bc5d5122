using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Writes embeddings in OpenAI's form.</summary>
internal static class EmbeddingReply
{
    /// <summary>Bytes written between two flushes.</summary>
    private const int PieceBytes = 64 * 1024;

    public static async ValueTask WriteAsync(EmbeddingResult result, string model, bool isBase64, IReplySink sink)
    {
        sink.Start(new ReplyHead(200, "application/json", false, false, -1, []));
        var output = new JsonOutput();
        output.Raw("{\"object\":\"list\",\"data\":["u8);
        for (var i = 0; i < result.Vectors.Count; i++)
        {
            WriteOne(output, i, result.Vectors[i], isBase64);
            if (output.Length >= PieceBytes) await SendAsync(output, sink);
        }
        output.Raw("],\"model\":"u8).String(model)
            .Raw(",\"usage\":{\"prompt_tokens\":"u8).Number(result.PromptTokens)
            .Raw(",\"total_tokens\":"u8).Number(result.PromptTokens).Raw("}}"u8);
        await SendAsync(output, sink);
        sink.End();
    }

    private static void WriteOne(JsonOutput output, int index, float[] vector, bool isBase64)
    {
        output.Raw(index > 0 ? ",{\"object\":\"embedding\",\"index\":"u8 : "{\"object\":\"embedding\",\"index\":"u8).Number(index).Raw(",\"embedding\":"u8);
        if (isBase64)
        {
            output.Raw("\""u8).Base64(LittleEndian(vector)).Raw("\"}"u8);
            return;
        }
        for (var i = 0; i < vector.Length; i++) output.Raw(i > 0 ? ","u8 : "["u8).Number(vector[i]);
        output.Raw(vector.Length > 0 ? "]}"u8 : "[]}"u8);
    }

    private static ReadOnlySpan<byte> LittleEndian(float[] vector)
    {
        if (BitConverter.IsLittleEndian) return MemoryMarshal.AsBytes<float>(vector);
        var bytes = new byte[vector.Length * sizeof(float)];
        for (var i = 0; i < vector.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        return bytes;
    }

    private static ValueTask SendAsync(JsonOutput output, IReplySink sink)
    {
        sink.Write(output.Written);
        output.Clear();
        return sink.FlushAsync();
    }
}
