using Mycel.Identity;

namespace Mycel.Dht;

/// <summary>A node and where it is reached. Immutable, and shared by all that refer to it.</summary>
public sealed class DhtContact
{
    /// <summary>Makes a contact.</summary>
    public DhtContact(PeerId peer, DhtAddress address)
        : this(DhtKey.Of(peer), address)
    {
    }

    internal DhtContact(DhtKey key, DhtAddress address)
    {
        Key = key;
        Address = address;
    }

    /// <summary>Where it stands.</summary>
    public DhtKey Key { get; }

    /// <summary>Who it is.</summary>
    public PeerId Peer => Key.ToPeerId();

    /// <summary>Where it is reached.</summary>
    public DhtAddress Address { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Peer} at {Address}";
}
