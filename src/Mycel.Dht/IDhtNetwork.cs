namespace Mycel.Dht;

/// <summary>
/// What carries messages: links, or UDP with <see cref="SignedPacket"/>. A carrier proves both ways who a message is from; no message says so itself.
/// It may lose, double and reorder messages.
/// </summary>
public interface IDhtNetwork
{
    /// <summary>Sends a message, or drops it; never blocks and never calls back into the <see cref="DhtNode"/>.</summary>
    /// <param name="to">Whom it is for; nobody else may be able to answer it.</param>
    /// <param name="message">At most <see cref="DhtLimits.MaxMessageBytes"/>; not changed afterwards.</param>
    void Send(DhtContact to, ReadOnlyMemory<byte> message);
}
