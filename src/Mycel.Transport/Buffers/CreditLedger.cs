namespace Mycel.Transport.Buffers;

/// <summary>
/// What one stream owes its connection. The connection lets the peer send so many bytes over all streams; each that was received
/// must be given back exactly once, whether it was read, dropped, or came after nobody wanted it. A byte forgotten narrows the
/// connection for good, until it stalls; one given back twice lets the peer send more than there is room for.
/// </summary>
internal struct CreditLedger
{
    /// <summary>Bytes that the protocol has handed over.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes given back to the connection.</summary>
    public long Returned { get; private set; }

    /// <summary>Whether nobody reads any more: all that came was given back, and what comes is at once.</summary>
    public bool IsDropped { get; private set; }

    /// <summary>Notes bytes that came; returns how many to give back to the connection now.</summary>
    public long Receive(long bytes)
    {
        Received += bytes;
        if (!IsDropped)
            return 0;
        Returned += bytes;
        return bytes;
    }

    /// <summary>Notes bytes that were read; returns how many to give back to the connection now, and to the stream where it goes on.</summary>
    public long Consume(long bytes)
    {
        if (IsDropped)
            return 0;
        Returned += bytes;
        return bytes;
    }

    /// <summary>Notes that nobody reads any more; returns how many to give back to the connection now.</summary>
    public long Drop()
    {
        if (IsDropped)
            return 0;
        IsDropped = true;
        long rest = Received - Returned;
        Returned = Received;
        return rest;
    }
}
