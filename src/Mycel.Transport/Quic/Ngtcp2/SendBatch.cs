using System.Runtime.InteropServices;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>
/// Gathers datagrams so that those to one address leave in one system call. While the system has no room, what is gathered waits and
/// what comes is dropped: the protocol sends it again.
/// </summary>
internal sealed unsafe class SendBatch(IDatagramSocket socket) : IDisposable
{
    /// <summary>Largest datagram that fits, in bytes.</summary>
    public const int MaxDatagramBytes = 17 << 10;

    private const int CapacityBytes = 128 << 10;

    /// <summary>Limits of the kernel for one call: datagrams, and bytes less the headers.</summary>
    private const int MaxDatagrams = 64;
    private const int MaxJoinedBytes = 65_000;

    private readonly byte* _memory = (byte*)NativeMemory.Alloc(CapacityBytes);
    private readonly byte* _scratch = (byte*)NativeMemory.Alloc(MaxDatagramBytes);
    private NetAddress _to;
    private int _start;
    private int _end;
    private int _count;
    private int _size;
    private int _last;

    /// <summary>Whether the system has no room; <see cref="Retry"/> when the socket can be written to.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Room for one datagram.</summary>
    public byte* Reserve()
    {
        if (!IsBlocked && _end + MaxDatagramBytes > CapacityBytes)
            Flush();
        return IsBlocked ? _scratch : _memory + _end;
    }

    /// <summary>Takes the datagram that was written where the last <see cref="Reserve"/> pointed to.</summary>
    public void Commit(int length, in NetAddress to)
    {
        if (IsBlocked)
            return;
        bool joins = _count > 0 && length <= _size && _last == _size && _count < MaxDatagrams && _end - _start + length <= MaxJoinedBytes && to.Equals(_to);
        if (_count > 0 && !joins)
        {
            SendGathered();
            if (IsBlocked)
                return;
            _start = _end;
        }

        if (_count == 0)
        {
            _to = to;
            _size = length;
        }

        _count++;
        _last = length;
        _end += length;
    }

    public void Flush()
    {
        SendGathered();
        if (!IsBlocked)
            _start = _end = 0;
    }

    /// <summary>Tries again what waited.</summary>
    public void Retry()
    {
        IsBlocked = false;
        Flush();
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        NativeMemory.Free(_scratch);
    }

    private void SendGathered()
    {
        if (_count == 0 || IsBlocked)
            return;
        if (socket.Send(_memory + _start, _end - _start, _size, _to) == SendOutcome.Busy)
        {
            IsBlocked = true;
            return;
        }

        _count = 0;
    }
}
