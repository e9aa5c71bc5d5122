namespace Mycel.Node.Backends;

/// <summary>Why a call was ended from this side.</summary>
internal enum EndReason
{
    None,

    /// <summary>The caller hung up.</summary>
    ClientGone,

    /// <summary>The backend was silent past its time.</summary>
    Silent,

    /// <summary>The backend's machine is gone without a word.</summary>
    Vanished,

    /// <summary>The caller's deadline passed.</summary>
    Deadline,

    /// <summary>The node stops, and the time to finish is over.</summary>
    Shutdown,
}

/// <summary>What a backend is asked, and the handle by which the asking is ended from any thread.</summary>
internal sealed class BackendCall
{
    private readonly Lock _lock = new();
    private IDisposable? _carrier;
    private EndReason _endReason;

    public required InferenceKind Kind { get; init; }

    public required string RequestId { get; init; }

    /// <summary>End-to-end request headers, as they go on the wire: lines ending in CR LF. Owned by the caller.</summary>
    public required ReadOnlyMemory<byte> Headers { get; init; }

    /// <summary>The caller's request body and what is to be changed in it.</summary>
    public required RequestDocument Document { get; init; }

    /// <summary>Most time a connection may take to open.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    public EndReason EndReason
    {
        get
        {
            lock (_lock) return _endReason;
        }
    }

    /// <summary>Names what carries the call now, to be disposed of when the call is ended.</summary>
    /// <returns>False when the call was ended already.</returns>
    public bool TryAttach(IDisposable carrier)
    {
        lock (_lock)
        {
            if (_endReason != EndReason.None) return false;
            _carrier = carrier;
            return true;
        }
    }

    /// <summary>From here on ending the call touches the carrier no more.</summary>
    public void Detach()
    {
        lock (_lock) _carrier = null;
    }

    /// <summary>Ends the call; the first reason stays.</summary>
    public void End(EndReason reason)
    {
        IDisposable? carrier;
        lock (_lock)
        {
            if (_endReason != EndReason.None) return;
            _endReason = reason;
            carrier = _carrier;
        }
        carrier?.Dispose();
    }

    /// <summary>Takes a reason back that spoke of one backend only, so that another may be asked.</summary>
    public void Rearm()
    {
        lock (_lock)
        {
            if (_endReason is EndReason.Silent or EndReason.Vanished) _endReason = EndReason.None;
            _carrier = null;
        }
    }
}
