using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mycel.Llama.Remote;

/// <summary>What a frame between the two processes is. A frame is its length (4 bytes, little endian, the kind included), its kind (1 byte) and its payload.</summary>
internal enum FrameKind : byte
{
    /// <summary>To the host, first: <see cref="EngineOptions"/> as JSON.</summary>
    Load = 1,

    /// <summary>To the host: id, <see cref="GenerationRequest"/> as JSON.</summary>
    Generate = 2,

    /// <summary>To the host: id.</summary>
    Cancel = 3,

    /// <summary>To the host: id, <see cref="EmbeddingRequest"/> as JSON.</summary>
    Embed = 4,

    /// <summary>From the host: how much is loaded, a float from 0 to 1.</summary>
    Progress = 16,

    /// <summary>From the host: <see cref="LoadedModel"/> as JSON.</summary>
    Loaded = 17,

    /// <summary>From the host: <see cref="EngineFault"/> as JSON. It ends after.</summary>
    LoadFailed = 18,

    /// <summary>From the host: all that one turn of the engine yielded, event after event (see <see cref="EventKind"/>).</summary>
    Events = 19,

    /// <summary>From the host: id, tokens, number of vectors, their length, the vectors.</summary>
    Embedded = 20,

    /// <summary>From the host: id, <see cref="EngineFault"/> as JSON.</summary>
    EmbedFailed = 21,

    /// <summary>From the host, each second as a sign of life: <see cref="EngineStatistics"/> as JSON.</summary>
    Statistics = 22,
}

/// <summary>One event of one generation. An event is its kind (1 byte), the generation's id (4 bytes), and what the kind says.</summary>
internal enum EventKind : byte
{
    /// <summary>Tokens of the prompt, tokens found in the cache.</summary>
    Start = 1,

    /// <summary>Length and text in UTF-8.</summary>
    Text = 2,

    /// <summary>Length and text, length and probabilities as JSON.</summary>
    TextWithLogProbs = 3,

    /// <summary>Length and <see cref="GenerationEnd"/> as JSON.</summary>
    End = 4,
}

/// <summary>JSON of what is sent once a request; what is sent for each token has no JSON.</summary>
[JsonSourceGenerationOptions(IncludeFields = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EngineOptions))]
[JsonSerializable(typeof(LoadedModel))]
[JsonSerializable(typeof(EngineFault))]
[JsonSerializable(typeof(GenerationRequest))]
[JsonSerializable(typeof(GenerationEnd))]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EngineStatistics))]
[JsonSerializable(typeof(IReadOnlyList<TokenLogProb>))]
internal sealed partial class WireJson : JsonSerializerContext;

/// <summary>Builds frames.</summary>
internal sealed class FrameWriter
{
    private const int HeadBytes = 5;

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private int _start;

    /// <summary>Everything written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public bool IsEmpty => _buffer.WrittenCount == 0;

    public void Clear() => _buffer.ResetWrittenCount();

    public FrameWriter Begin(FrameKind kind)
    {
        _start = _buffer.WrittenCount;
        _buffer.GetSpan(HeadBytes)[HeadBytes - 1] = (byte)kind;
        _buffer.Advance(HeadBytes);
        return this;
    }

    /// <summary>Writes the length of the frame begun last where it belongs.</summary>
    public FrameWriter Finish()
    {
        // The buffer hands out only what follows; what was written is reached through its memory.
        var written = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_buffer.WrittenMemory).Span;
        BinaryPrimitives.WriteInt32LittleEndian(written[_start..], written.Length - _start - 4);
        return this;
    }

    public FrameWriter Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
        return this;
    }

    public FrameWriter Int(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
        return this;
    }

    public FrameWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        return this;
    }

    /// <summary>Length, then the bytes.</summary>
    public FrameWriter Block(ReadOnlySpan<byte> bytes) => Int(bytes.Length).Bytes(bytes);

    public FrameWriter Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => Bytes(JsonSerializer.SerializeToUtf8Bytes(value, type));
}

/// <summary>Reads what a frame holds.</summary>
internal ref struct FrameReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public byte Byte() => Take(1)[0];

    public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public ReadOnlySpan<byte> Block() => Take(Int());

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > _rest.Length) throw new InvalidDataException("A frame between the node and its engine is shorter than it says.");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}

/// <summary>Reads frames from a stream, on one thread.</summary>
internal sealed class FrameStream(Stream stream)
{
    /// <summary>Largest frame, in bytes: a prompt as large as the API takes, and its JSON around.</summary>
    public const int MaxBytes = 512 * 1024 * 1024;

    /// <summary>Room kept between frames; one that needs more is rare, and gives it back.</summary>
    private const int MaxKeptBytes = 1024 * 1024;

    private byte[] _payload = new byte[16 * 1024];

    /// <summary>Reads the next frame; its payload is valid until the next call. Blocks.</summary>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="InvalidDataException">What came is no frame.</exception>
    public bool TryRead(out FrameKind kind, out ReadOnlySpan<byte> payload)
    {
        kind = default;
        payload = default;
        Span<byte> head = stackalloc byte[5];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length) return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(head) - 1;
        if (length is < 0 or > MaxBytes) throw new InvalidDataException("What came from the other process is no frame.");
        if (_payload.Length > MaxKeptBytes && length <= MaxKeptBytes) _payload = new byte[Math.Max(length, 16 * 1024)];
        if (_payload.Length < length) _payload = new byte[Math.Max(length, Math.Min(2 * _payload.Length, MaxBytes))];
        if (stream.ReadAtLeast(_payload.AsSpan(0, length), length, throwOnEndOfStream: false) < length) return false;
        kind = (FrameKind)head[4];
        payload = _payload.AsSpan(0, length);
        return true;
    }
}
