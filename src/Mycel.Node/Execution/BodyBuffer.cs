using System.Buffers;
using Mycel.Node.Configuration;

namespace Mycel.Node.Execution;

/// <summary>A request body that grows in one piece of borrowed memory, counted against the bound on all of them.</summary>
internal sealed class BodyBuffer(BodyMemory memory, ApiOptions options) : IDisposable
{
    private const int MegaByte = 1024 * 1024;
    private const int FirstBytes = 512;

    /// <summary>Larger arrays are left to the garbage collector, so that one burst of large requests is not kept for ever.</summary>
    private const int MaxPooledBytes = MegaByte;

    private readonly long _limit = (long)options.MaxBodyMegabytes * MegaByte;
    private byte[] _bytes = [];
    private int _length;
    private int _charged;

    /// <summary>What there is of the body.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, _length);

    /// <summary>Whether a body of so many bytes is larger than one may be.</summary>
    public bool IsTooLarge(long bytes) => bytes > _limit;

    /// <summary>Makes room for a body whose size is known, or a first piece of one.</summary>
    /// <returns>Null, or the code of the error.</returns>
    public string? Reserve(long announced)
    {
        if (IsTooLarge(announced)) return "body_too_large";
        return TryGrow((int)Math.Max(announced, FirstBytes)) ? null : "body_memory_full";
    }

    /// <summary>Adds bytes.</summary>
    /// <returns>Null, or the code of the error: <c>body_too_large</c> or <c>body_memory_full</c>.</returns>
    public string? Append(in ReadOnlySequence<byte> bytes)
    {
        if (IsTooLarge(_length + bytes.Length)) return "body_too_large";
        if (!HasRoomFor((int)bytes.Length)) return "body_memory_full";
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += (int)bytes.Length;
        return null;
    }

    /// <inheritdoc cref="Append(in ReadOnlySequence{byte})"/>
    public string? Append(ReadOnlySpan<byte> bytes)
    {
        if (IsTooLarge(_length + (long)bytes.Length)) return "body_too_large";
        if (!HasRoomFor(bytes.Length)) return "body_memory_full";
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
        return null;
    }

    /// <summary>What the caller is told of an error.</summary>
    public static (int Status, string Message) Explain(string code, ApiOptions options) => code == "body_too_large"
        ? (413, $"The request body is larger than {options.MaxBodyMegabytes} MB, the most this node takes (api.max_body_mb).")
        : (503, "The node holds as many large requests as it may (api.body_memory_mb). Try again shortly.");

    private bool HasRoomFor(int more) => _length + more <= _bytes.Length || TryGrow((int)Math.Min(_limit, Math.Max(_length + more, Math.Max(FirstBytes, _bytes.Length * 2L))));

    private bool TryGrow(int size)
    {
        if (!memory.TryCharge(size - _charged)) return false;
        _charged = size;
        var next = size <= MaxPooledBytes ? ArrayPool<byte>.Shared.Rent(size) : GC.AllocateUninitializedArray<byte>(size);
        _bytes.AsSpan(0, _length).CopyTo(next);
        Return();
        _bytes = next;
        return true;
    }

    private void Return()
    {
        if (_bytes.Length is > 0 and <= MaxPooledBytes) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    public void Dispose()
    {
        Return();
        _length = 0;
        memory.Release(_charged);
        _charged = 0;
    }
}
