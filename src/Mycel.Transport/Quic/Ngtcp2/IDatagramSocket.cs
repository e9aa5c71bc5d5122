namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>What became of datagrams that were to be sent.</summary>
internal enum SendOutcome
{
    /// <summary>They are on their way, or lost as any datagram may be.</summary>
    Done,

    /// <summary>The system has no room; to be tried again when the socket can be written to.</summary>
    Busy,
}

/// <summary>A UDP socket, or one in a test that loses, doubles and reorders. Used by one thread at a time.</summary>
internal unsafe interface IDatagramSocket : IDisposable
{
    /// <summary>What to wait on.</summary>
    int Descriptor { get; }

    NetAddress Local { get; }

    /// <summary>Fills the batch with what has come; false where nothing has.</summary>
    bool Receive(ReceiveBatch batch);

    /// <summary>Sends datagrams that lie one behind the other, all of one size but the last, which may be shorter.</summary>
    SendOutcome Send(byte* data, int length, int datagramSize, in NetAddress to);
}
