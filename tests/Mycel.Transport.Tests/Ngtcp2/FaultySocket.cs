using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests.Ngtcp2;

/// <summary>What a bad network does to datagrams, in percent.</summary>
internal sealed record Faults(int Seed, int Lost = 0, int Doubled = 0, int Delayed = 0);

/// <summary>
/// A socket whose datagrams are lost, doubled and overtaken as they are sent, the same way for the same seed. A delayed one leaves
/// after the next few; the last of a burst when the protocol sends again.
/// </summary>
internal sealed unsafe class FaultySocket(IDatagramSocket inner, Faults faults) : IDatagramSocket
{
    private const int MaxOvertaking = 4;

    private readonly Random _random = new(faults.Seed);
    private readonly List<(byte[] Datagram, NetAddress To, int After)> _delayed = [];

    /// <summary>Datagrams that something was done to.</summary>
    public int Struck { get; private set; }

    public int Descriptor => inner.Descriptor;

    public NetAddress Local => inner.Local;

    public bool Receive(ReceiveBatch batch) => inner.Receive(batch);

    public SendOutcome Send(byte* data, int length, int datagramSize, in NetAddress to)
    {
        for (int offset = 0; offset < length; offset += datagramSize)
        {
            int size = Math.Min(datagramSize, length - offset);
            Strike(new ReadOnlySpan<byte>(data + offset, size), to);
        }

        return SendOutcome.Done;
    }

    public void Dispose() => inner.Dispose();

    private void Strike(ReadOnlySpan<byte> datagram, in NetAddress to)
    {
        int draw = _random.Next(100);
        if (draw < faults.Lost + faults.Doubled + faults.Delayed)
            Struck++;
        if (draw >= faults.Lost && draw < faults.Lost + faults.Delayed)
            _delayed.Add((datagram.ToArray(), to, _random.Next(1, MaxOvertaking + 1)));
        else if (draw >= faults.Lost)
            Pass(datagram, to);
        if (draw >= faults.Lost + faults.Delayed && draw < faults.Lost + faults.Delayed + faults.Doubled)
            Pass(datagram, to);
        Overtake();
    }

    private void Overtake()
    {
        for (int i = _delayed.Count - 1; i >= 0; i--)
        {
            (byte[] datagram, NetAddress to, int after) = _delayed[i];
            if (after > 0)
            {
                _delayed[i] = (datagram, to, after - 1);
                continue;
            }

            _delayed.RemoveAt(i);
            Pass(datagram, to);
        }
    }

    private void Pass(ReadOnlySpan<byte> datagram, in NetAddress to)
    {
        fixed (byte* data = datagram)
            inner.Send(data, datagram.Length, datagram.Length, to);
    }
}
