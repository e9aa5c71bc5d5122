using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mycel.Dht.Wire;
using Mycel.Identity;

namespace Mycel.Dht.Tests;

/// <summary>What goes over the wire is, byte for byte, what the examples of the protocol say; <c>MYCEL_WRITE_VECTORS=1</c> writes them.</summary>
public sealed class VectorTests : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1767323045);

    private readonly DeviceKey _device = new(Repeated(2));
    private readonly DeviceKey _other = new(Repeated(4));
    private readonly NetworkId _network = new(PeerId.FromPublicKey(Convert.FromHexString("8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c")));

    public void Dispose()
    {
        _device.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void Examples_are_what_the_program_makes()
    {
        string path = PathOf("dht.json");
        string made = Make().ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable("MYCEL_WRITE_VECTORS") == "1")
            File.WriteAllText(path, made);
        Assert.True(File.Exists(path), "docs/protocol/vectors/dht.json is missing. MYCEL_WRITE_VECTORS=1 writes it.");
        Assert.True(File.ReadAllText(path).ReplaceLineEndings("\n") == made, $"docs/protocol/vectors/dht.json is not what the program makes: others could not talk to it any more. It makes:\n{made}");
    }

    [Fact]
    public void Examples_are_read_as_they_are_meant()
    {
        JsonNode kept = JsonNode.Parse(File.ReadAllText(PathOf("dht.json")))!;
        foreach ((string kind, JsonNode? message) in kept["messages"]!.AsObject())
            Assert.Equal(kind.Split(' ')[0], MessageCodec.Read(Bytes(message))?.Kind.ToString().ToLowerInvariant());
        foreach ((string why, JsonNode? message) in kept["messages_refused"]!.AsObject())
            Assert.True(MessageCodec.Read(Bytes(message)) is null, why);
        foreach ((_, JsonNode? record) in kept["records"]!.AsObject())
            Assert.Equal(_device.PeerId, DhtRecord.Read(Bytes(record!["signed"]), DhtKey.Read(Bytes(record["key"])), Now).Publisher);
        foreach ((string why, JsonNode? record) in kept["records_refused"]!.AsObject())
            Assert.True(Record.Exception(() => DhtRecord.Read(Bytes(record!["signed"]), DhtKey.Read(Bytes(record["key"])), Now)) is StatementException, why);
        Assert.True(SignedPacket.TryOpen(Bytes(kept["packet"]!["packet"]), _other.PeerId, Now, out PeerId sender, out ReadOnlyMemory<byte> content));
        Assert.Equal((_device.PeerId, Hex(Bytes(kept["packet"]!["message"]))), (sender, Hex(content.Span)));
    }

    private JsonObject Make()
    {
        DhtKey providers = DhtKey.OfProviders(_network, "qwen3:8b");
        DhtAddress[] addresses = [Address("192.0.2.1:8422"), Address("[2001:db8::1]:8422")];
        DhtRecord peer = DhtRecord.SignPeer(_device, 7, Now.AddHours(3), addresses);
        DhtRecord provider = DhtRecord.SignProvider(_device, 8, Now.AddHours(3), addresses, _network, "qwen3:8b");
        DhtContact[] contacts = [.. addresses.Select(a => new DhtContact(_other.PeerId, a))];
        byte[] ping = MessageCodec.Write(new DhtMessage { Kind = MessageKind.Ping, Id = 1, Token = 0 });
        byte[] pong = MessageCodec.Write(new DhtMessage { Kind = MessageKind.Pong, Id = 1, Token = 2 });
        byte[] forged = provider.Bytes.ToArray();
        forged[^1] ^= 1;
        return new JsonObject
        {
            ["about"] = "The table of peers (docs/protocol/dht.md). Bytes are in hexadecimal digits, times in Unix seconds. Keys follow from seeds of one repeated byte; everything is as of `now`.",
            ["now"] = Now.ToUnixTimeSeconds(),
            ["device_seed"] = Hex(Repeated(2)),
            ["device_peer_id"] = _device.PeerId.ToString(),
            ["other_seed"] = Hex(Repeated(4)),
            ["other_peer_id"] = _other.PeerId.ToString(),
            ["network_id"] = _network.Hash.ToString(),
            ["model"] = "qwen3:8b",
            ["providers_key"] = providers.ToString(),
            ["messages"] = new JsonObject
            {
                ["ping"] = Hex(ping),
                ["ping of one that cannot be asked"] = Message(new DhtMessage { Kind = MessageKind.Ping, Id = 1, Token = 2, Passive = true }),
                ["find"] = Message(new DhtMessage { Kind = MessageKind.Find, Id = 3, Token = 2, Target = providers }),
                ["find of records"] = Message(new DhtMessage { Kind = MessageKind.Find, Id = 4, Token = 2, Target = peer.Key, Key = providers }),
                ["store"] = Message(new DhtMessage { Kind = MessageKind.Store, Id = 5, Token = 2, Key = providers, Records = [provider.Bytes] }),
                ["pong"] = Hex(pong),
                ["found"] = Message(new DhtMessage { Kind = MessageKind.Found, Id = 4, Token = 2, Contacts = contacts, Records = [provider.Bytes] }),
                ["stored"] = Message(new DhtMessage { Kind = MessageKind.Stored, Id = 5, Token = 2 }),
                ["token"] = Message(new DhtMessage { Kind = MessageKind.Token, Id = 3, Token = 2 }),
                ["refused"] = Message(new DhtMessage { Kind = MessageKind.Refused, Id = 5, Token = 2, Refusal = StoreRefusal.Stale }),
            },
            ["messages_refused"] = new JsonObject
            {
                ["no token"] = Hex(ping.AsSpan()[..^9]),
                ["the kind twice"] = "0801" + Hex(ping),
                ["the kind in two bytes"] = "088100" + Hex(ping.AsSpan()[2..]),
                ["an answer that says passive"] = Hex(pong) + "4801",
                ["a ping with contacts"] = Hex(ping) + "322a" + Hex(MessageCodec.Write(new DhtMessage { Kind = MessageKind.Found, Id = 1, Token = 2, Contacts = contacts[..1] }).AsSpan()[^42..]),
            },
            ["records"] = new JsonObject { ["peer"] = Signed(peer.Key, peer.Bytes), ["provider"] = Signed(provider.Key, provider.Bytes) },
            ["records_refused"] = new JsonObject
            {
                ["another signature"] = Signed(provider.Key, forged),
                ["under another key"] = Signed(peer.Key, provider.Bytes),
                ["expired"] = Signed(provider.Key, DhtRecord.SignProvider(_device, 8, Now, addresses, _network, "qwen3:8b").Bytes),
                ["expires too late"] = Signed(provider.Key, DhtRecord.SignProvider(_device, 8, Now.AddHours(25), addresses, _network, "qwen3:8b").Bytes),
                ["sequence 0"] = Signed(provider.Key, DhtRecord.SignProvider(_device, 0, Now.AddHours(3), addresses, _network, "qwen3:8b").Bytes),
                ["an address where no node can be"] = Signed(peer.Key, DhtRecord.SignPeer(_device, 7, Now.AddHours(3), [Address("224.0.0.1:8422")]).Bytes),
            },
            ["packet"] = new JsonObject { ["message"] = Hex(ping), ["packet"] = Hex(SignedPacket.Seal(_device, _other.PeerId, ping, Now)) },
        };
    }

    private static JsonObject Signed(DhtKey key, ReadOnlyMemory<byte> signed) => new() { ["key"] = key.ToString(), ["signed"] = Hex(signed.Span) };

    private static string Message(DhtMessage message) => Hex(MessageCodec.Write(message));

    private static DhtAddress Address(string text) => DhtAddress.TryParse(text, out DhtAddress address) ? address : throw new FormatException(text);

    private static byte[] Repeated(byte value) => [.. Enumerable.Repeat(value, 32)];

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static byte[] Bytes(JsonNode? hex) => Convert.FromHexString((string)hex!);

    private static string PathOf(string name)
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Mycel.sln")))
                return Path.Combine(folder, "docs", "protocol", "vectors", name);
        }

        throw new InvalidOperationException("No folder above the tests holds Mycel.sln.");
    }
}
