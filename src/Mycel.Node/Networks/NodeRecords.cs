using Google.Protobuf;
using Google.Protobuf.Collections;
using Mycel.Identity;
using Mycel.Ledger;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>Makes and reads the records of nodes.</summary>
internal static class NodeRecords
{
    /// <summary>What the signature is for.</summary>
    public const string Domain = "mycel/node-record/1";

    /// <summary>Largest record, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    public const int MaxNameLength = 64;
    public const int MaxNetworks = 64;
    public const int MaxModels = 256;
    public const int MaxModelNameLength = 256;
    public const int MaxTags = 32;
    public const int MaxTagLength = 64;
    public const int MaxVersionLength = 32;
    public const int MaxSlots = 65_536;
    public const int MaxPort = 65_535;

    /// <summary>How long a record is believed after it was issued.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>Clocks of two nodes may differ by this much.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(10);

    private const string What = "The node's record";
    private const int IdBytes = PeerId.SizeBytes;

    /// <summary>Signs a record.</summary>
    public static ByteString Sign(DeviceKey device, NodeRecord record) => UnsafeByteOperations.UnsafeWrap(DeviceStatement.Sign(device, Domain, record.ToByteArray()));

    /// <summary>Reads a record and checks its form and its time, not yet its signature (<see cref="SignedRecord.Verify"/>).</summary>
    /// <exception cref="StatementException">It is damaged, out of bounds, or too old or too new.</exception>
    public static SignedRecord Read(ByteString bytes, DateTimeOffset now)
    {
        var statement = DeviceStatement.Parse(bytes.Span, MaxBytes, What);
        NodeRecord body;
        try
        {
            body = NodeRecord.Parser.ParseFrom(statement.Body.Span);
        }
        catch (InvalidProtocolBufferException broken)
        {
            throw new StatementException($"{What} is damaged.", broken);
        }

        Check(body);
        CheckTime(body, now);
        return new SignedRecord(statement, body, bytes);
    }

    /// <summary>Whether an offer is within all bounds.</summary>
    public static bool IsOffer(ModelOffer offer)
        => IsText(offer.Name, 1, MaxModelNameLength)
            && AreIds(offer.Networks)
            && offer.Slots <= MaxSlots && offer.FreeSlots <= offer.Slots
            && offer.Tags.Count <= MaxTags && offer.Tags.All(tag => IsText(tag, 1, MaxTagLength)) && IsText(offer.Tier, 0, MaxTagLength)
            && double.IsFinite(offer.TokensPerSecond) && offer.TokensPerSecond >= 0
            && double.IsFinite(offer.FirstTokenMs) && offer.FirstTokenMs >= 0
            && new Prices(offer.PromptPrice, offer.CompletionPrice).IsValid;

    private static void Check(NodeRecord body)
    {
        Require(body.DeviceKey.Length == DeviceKey.PublicKeySizeBytes, "has no device key");
        Require(body.AccountKey.Length == DeviceKey.PublicKeySizeBytes, "has no account key");
        Require(body.Sequence > 0, "has no sequence");
        Require(IsText(body.Name, 1, MaxNameLength), $"has no name of 1 to {MaxNameLength} characters");
        Require(body.Addresses.Count <= LinkAddress.MaxCount && body.Addresses.All(LinkAddress.IsValid), $"has more than {LinkAddress.MaxCount} addresses, or one that cannot be");
        Require(AreIds(body.Networks), $"has more than {MaxNetworks} networks, or one that cannot be");
        Require(AreIds(body.Clears), $"clears more than {MaxNetworks} networks, or one that cannot be");
        Require(body.DhtPort <= MaxPort, "has a port that cannot be");
        Require(body.Models.Count <= MaxModels && body.Models.All(IsOffer), $"has more than {MaxModels} models, or one with values out of range");
        Require(body.Models.Select(offer => offer.Name).Distinct(StringComparer.Ordinal).Count() == body.Models.Count, "names a model twice");
        Require(IsText(body.Version, 0, MaxVersionLength), "has a version that cannot be");
    }

    private static void CheckTime(NodeRecord body, DateTimeOffset now)
    {
        var age = now.ToUnixTimeSeconds() - (decimal)body.IssuedAt;
        Require(age <= (decimal)Life.TotalSeconds, "is too old");
        Require(age >= -(decimal)ClockSkew.TotalSeconds, "is from the future; check the clocks of both machines");
    }

    private static bool AreIds(RepeatedField<ByteString> ids) => ids.Count <= MaxNetworks && ids.All(id => id.Length == IdBytes);

    private static bool IsText(string text, int min, int max) => text.Length >= min && text.Length <= max && !text.Any(char.IsControl);

    private static void Require(bool holds, string otherwise)
    {
        if (!holds) throw new StatementException($"{What} {otherwise}.");
    }
}
