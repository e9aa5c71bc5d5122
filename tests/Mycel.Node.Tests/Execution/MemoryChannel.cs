using System.Buffers;
using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Execution;

namespace Mycel.Node.Tests.Execution;

/// <summary>The way back to a caller that the test plays: what was flushed is what the caller has.</summary>
internal sealed class MemoryChannel : IReplyChannel
{
    private readonly ArrayBufferWriter<byte> _body = new();
    private TaskCompletionSource? _slow;

    public List<(ReplyHead Head, long ContentLength, RouteTaken? Route)> Starts { get; } = [];

    public bool IsAborted { get; private set; }

    public int Flushes { get; private set; }

    /// <summary>All that was written.</summary>
    public byte[] Bytes => _body.WrittenSpan.ToArray();

    public string Text => Encoding.UTF8.GetString(_body.WrittenSpan);

    public IBufferWriter<byte> Body => _body;

    public void Start(in ReplyHead head, long contentLength, RouteTaken? route) => Starts.Add((head, contentLength, route));

    public ValueTask FlushAsync()
    {
        Flushes++;
        return _slow is null ? default : new ValueTask(_slow.Task);
    }

    /// <summary>From here on the caller takes nothing.</summary>
    public void Stall() => _slow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The caller takes everything again.</summary>
    public void Resume()
    {
        var slow = _slow!;
        _slow = null;
        slow.SetResult();
    }

    public void Abort() => IsAborted = true;
}
