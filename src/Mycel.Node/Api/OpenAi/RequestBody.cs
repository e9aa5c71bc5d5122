using System.Buffers;
using Mycel.Node.Configuration;

namespace Mycel.Node.Api.OpenAi;

/// <summary>A request body, whole and in one piece of borrowed memory, counted against the bound on all of them.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int MegaByte = 1024 * 1024;

    /// <summary>Larger arrays are left to the garbage collector, so that one burst of large requests is not kept for ever.</summary>
    private const int MaxPooledBytes = MegaByte;

    private readonly BodyMemory _memory;
    private byte[] _bytes = [];
    private int _length;
    private int _charged;

    private RequestBody(BodyMemory memory) => _memory = memory;

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, _length);

    /// <summary>Reads the body of a request.</summary>
    /// <returns>The body, or the error that was answered: its code.</returns>
    public static async ValueTask<(RequestBody? Body, string? Error)> ReadAsync(HttpContext context, BodyMemory memory, ApiOptions options)
    {
        var limit = (long)options.MaxBodyMegabytes * MegaByte;
        var announced = context.Request.ContentLength;
        if (announced > limit) return (null, await RefuseAsync(context, options));
        var body = new RequestBody(memory);
        try
        {
            var error = await body.FillAsync(context, (int)(announced ?? 0), (int)limit);
            if (error is null) return (body, null);
            body.Dispose();
            return (null, error == "body_too_large" ? await RefuseAsync(context, options) : await RefuseForMemoryAsync(context));
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private async ValueTask<string?> FillAsync(HttpContext context, int announced, int limit)
    {
        if (!TryGrow(Math.Max(announced, 512))) return "body_memory_full";
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            var buffer = read.Buffer;
            var isTooLarge = _length + buffer.Length > limit;
            if (isTooLarge || (_length + (int)buffer.Length > _bytes.Length && !TryGrow((int)Math.Min(limit, Math.Max(_length + buffer.Length, _bytes.Length * 2L)))))
            {
                reader.AdvanceTo(buffer.End);
                return isTooLarge ? "body_too_large" : "body_memory_full";
            }
            buffer.CopyTo(_bytes.AsSpan(_length));
            _length += (int)buffer.Length;
            reader.AdvanceTo(buffer.End);
            if (read.IsCompleted) return null;
        }
    }

    private bool TryGrow(int size)
    {
        if (!_memory.TryCharge(size - _charged)) return false;
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
        _memory.Release(_charged);
        _charged = 0;
    }

    private static async Task<string> RefuseAsync(HttpContext context, ApiOptions options)
    {
        // The rest of the body is not read: the connection ends with this reply.
        context.Response.Headers.Connection = "close";
        await ApiError.WriteAsync(context, 413, "body_too_large", $"The request body is larger than {options.MaxBodyMegabytes} MB, the most this node takes (api.max_body_mb).");
        return "body_too_large";
    }

    private static async Task<string> RefuseForMemoryAsync(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        context.Response.Headers.RetryAfter = "5";
        await ApiError.WriteAsync(context, 503, "body_memory_full", "The node holds as many large requests as it may (api.body_memory_mb). Try again shortly.");
        return "body_memory_full";
    }
}

/// <summary>The bound on the memory of all request bodies together.</summary>
internal sealed class BodyMemory(IOptionsSource options)
{
    private long _used;

    public bool TryCharge(int bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= options.Current.Api.BodyMemoryMegabytes * 1024L * 1024L) return true;
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    public void Release(int bytes) => Interlocked.Add(ref _used, -bytes);
}
