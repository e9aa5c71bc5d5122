using Google.Protobuf;
using Mycel.Dht.Tests.Simulation;
using Mycel.Dht.Wire;
using Contract = Mycel.Dht.Wire.Contract;

namespace Mycel.Dht.Tests;

/// <summary>Messages as bytes: as dht.proto has them, read strictly, and never an exception.</summary>
public sealed class MessageTests
{
    private static readonly DhtKey Key = DhtKey.Read(Convert.FromHexString("6a3803d5f059902a1c6dafbc9ba4729212f7caac08634cc3ae76b27529f03827"));

    public static TheoryData<string> Kinds => [.. Samples.Keys];

    private static Dictionary<string, DhtMessage> Samples => new()
    {
        ["ping"] = new() { Kind = MessageKind.Ping, Id = 1, Token = 2, Passive = true },
        ["find"] = new() { Kind = MessageKind.Find, Id = ulong.MaxValue, Token = 0, Target = Key },
        ["find records"] = new() { Kind = MessageKind.Find, Id = 3, Token = 9, Target = Key, Key = Key },
        ["store"] = new() { Kind = MessageKind.Store, Id = 4, Token = 9, Key = Key, Records = [new byte[] { 1, 2, 3 }] },
        ["pong"] = new() { Kind = MessageKind.Pong, Id = 5, Token = 7 },
        ["found"] = new() { Kind = MessageKind.Found, Id = 6, Token = 7, Contacts = [Contact("192.0.2.1:8422"), Contact("[2001:db8::1]:99")], Records = [new byte[512], new byte[] { 5 }] },
        ["stored"] = new() { Kind = MessageKind.Stored, Id = 7, Token = 7 },
        ["token"] = new() { Kind = MessageKind.Token, Id = 8, Token = 7 },
        ["refused"] = new() { Kind = MessageKind.Refused, Id = 9, Token = 7, Refusal = StoreRefusal.Stale },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_is_what_the_contract_says_and_comes_back_as_it_was(string kind)
    {
        DhtMessage message = Samples[kind];
        byte[] bytes = MessageCodec.Write(message);
        Contract.DhtMessage contract = Contract.DhtMessage.Parser.ParseFrom(bytes);
        Assert.Equal((int)message.Kind, (int)contract.Kind);
        Assert.Equal(message.Contacts.Count, contract.Contacts.Count);
        Assert.Equal(message.Passive, contract.Passive == 1);
        // The contract's program writes a token of 0 not at all; all else is the same to the byte.
        if (message.Token != 0)
            Assert.Equal(bytes, contract.ToByteArray());

        DhtMessage read = Assert.IsType<DhtMessage>(MessageCodec.Read(bytes));
        Assert.Equal(bytes, MessageCodec.Write(read));
    }

    [Fact]
    public void Fields_of_later_versions_are_passed_over()
    {
        byte[] bytes = [.. MessageCodec.Write(Samples["ping"]), 0x52, 2, 1, 2];
        Assert.NotNull(MessageCodec.Read(bytes));
    }

    [Theory]
    [InlineData("nothing", "")]
    [InlineData("no kind", "110000000000000000190000000000000000")]
    [InlineData("an unknown kind", "0809110000000000000000190000000000000000")]
    [InlineData("no token", "0801110000000000000000")]
    [InlineData("a kind twice", "08010801110000000000000000190000000000000000")]
    [InlineData("a kind in two bytes", "088100110000000000000000190000000000000000")]
    [InlineData("a target in a ping", "08011100000000000000001900000000000000002220" + "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("no target in a find", "0802110000000000000000190000000000000000")]
    [InlineData("a short target", "08021100000000000000001900000000000000002201aa")]
    [InlineData("a store of nothing", "0803110000000000000000190000000000000000")]
    [InlineData("a refusal without reason", "0808110000000000000000190000000000000000")]
    [InlineData("a reason unknown", "08081100000000000000001900000000000000004004")]
    [InlineData("a passive answer", "08041100000000000000001900000000000000004801")]
    [InlineData("an empty record", "08051100000000000000001900000000000000003a00")]
    [InlineData("a contact without address", "080511000000000000000019000000000000000032220a20" + "0000000000000000000000000000000000000000000000000000000000000000")]
    public void What_is_not_a_message_is_refused(string what, string hex)
        => Assert.True(MessageCodec.Read(Convert.FromHexString(hex)) is null, what);

    [Fact]
    public void One_contact_or_record_too_many_and_one_byte_too_many_are_refused()
    {
        byte[] full = MessageCodec.Write(new DhtMessage { Kind = MessageKind.Found, Id = 1, Token = 1, Contacts = [.. Enumerable.Repeat(Contact("192.0.2.1:1"), DhtLimits.MaxContacts)] });
        byte[] contact = full[^44..];
        Assert.NotNull(MessageCodec.Read(full));
        Assert.Null(MessageCodec.Read([.. full, .. contact]));

        byte[] records = MessageCodec.Write(new DhtMessage { Kind = MessageKind.Found, Id = 1, Token = 1, Records = [.. Enumerable.Repeat<ReadOnlyMemory<byte>>(new byte[] { 1 }, DhtLimits.MaxRecordsInAnswer)] });
        Assert.NotNull(MessageCodec.Read(records));
        Assert.Null(MessageCodec.Read([.. records, 0x3a, 1, 1]));

        byte[] head = [.. MessageCodec.Write(Samples["pong"]), 0x52, 0xA1, 0x08];
        byte[] largest = [.. head, .. new byte[DhtLimits.MaxMessageBytes - head.Length]];
        Assert.NotNull(MessageCodec.Read(largest.AsSpan()[..(head.Length + 0x421)]));
        Assert.Null(MessageCodec.Read([.. MessageCodec.Write(Samples["pong"]), 0x52, 0xA6, 0x08, .. new byte[0x426]]));
        Assert.Null(MessageCodec.Read([.. MessageCodec.Write(new DhtMessage { Kind = MessageKind.Store, Id = 1, Token = 1, Key = Key, Records = [new byte[512]] })[..^515], 0x3a, 0x81, 0x04, .. new byte[513]]));
    }

    /// <summary>20,000 inputs; MYCEL_FUZZ=60 makes it 1.2 million.</summary>
    [Fact]
    public void Damaged_messages_are_refused_or_read_and_nothing_else()
    {
        var random = new Random(Claims.Seed);
        byte[][] valid = [.. Samples.Values.Select(MessageCodec.Write)];
        int read = 0;
        for (int i = 0; i < 20_000 * Claims.FuzzFactor; i++)
        {
            byte[] input = Fuzz.Damage(valid[i % valid.Length], random);
            if (MessageCodec.Read(input) is not { } message)
                continue;
            read++;
            // What is read can be written, and is then read as the same.
            byte[] written = MessageCodec.Write(message);
            Assert.Equal(written, MessageCodec.Write(MessageCodec.Read(written)!));
        }

        Assert.True(read > 0, "Damage must also leave messages that can be read, or nothing deep is reached.");
    }

    private static DhtContact Contact(string address)
    {
        Assert.True(DhtAddress.TryParse(address, out DhtAddress parsed));
        return new DhtContact(Key.ToPeerId(), parsed);
    }
}
