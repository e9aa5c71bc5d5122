using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>A node's record, with the bytes that it signed. Whether it is in its time, and of whom it may be taken, is the reader's to decide.</summary>
internal sealed class SignedRecord
{
    private readonly DeviceStatement _statement;

    internal SignedRecord(DeviceStatement statement, NodeRecord body, ByteString bytes)
    {
        _statement = statement;
        Body = body;
        Bytes = bytes;
        Id = PeerId.FromPublicKey(body.DeviceKey.Span);
        Account = AccountId.FromPublicKey(body.AccountKey.Span);
        Networks = [.. body.Networks.Select(id => new NetworkId(new PeerId(id.Span)))];
    }

    /// <summary>The node.</summary>
    public PeerId Id { get; }

    /// <summary>The account that it says it belongs to; only a link proves it.</summary>
    public AccountId Account { get; }

    /// <summary>The networks that it says it belongs to; only a greeting proves it.</summary>
    public IReadOnlyList<NetworkId> Networks { get; }

    public NodeRecord Body { get; }

    /// <summary>As others read it.</summary>
    public ByteString Bytes { get; }

    /// <summary>Whether it tells of models for the own account alone, and so is not passed on.</summary>
    public bool IsForHome => Body.Models.Any(offer => offer.Networks.Count == 0);

    /// <exception cref="StatementException">The device that it names did not sign it.</exception>
    public void Verify() => _statement.Verify(NodeRecords.Domain, Body.DeviceKey.Span);
}
