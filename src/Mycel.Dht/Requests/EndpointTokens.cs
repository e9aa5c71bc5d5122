using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mycel.Dht.Requests;

/// <summary>
/// Proofs that an asker receives at the address it seems to ask from: a hash of address, id and a secret that changes (as in BEP 5). Nobody can have an
/// answer larger than its question sent to someone else, and nothing need be kept of those who ask.
/// </summary>
internal sealed class EndpointTokens
{
    /// <summary>How long a secret is used; a token holds for at least this long, and at most twice as long.</summary>
    public static readonly TimeSpan Rotation = TimeSpan.FromMinutes(5);

    private readonly IDhtRandom _random;
    private byte[] _secret = new byte[32];
    private byte[] _previous = new byte[32];

    public EndpointTokens(IDhtRandom random)
    {
        _random = random;
        random.Fill(_secret);
        random.Fill(_previous);
    }

    /// <summary>The token for a node at an address; never 0, which stands for none.</summary>
    public ulong Make(DhtContact asker) => Make(_secret, asker);

    /// <summary>Whether a token was made for that node at that address.</summary>
    public bool IsValid(DhtContact asker, ulong token) => token != 0 && (token == Make(_secret, asker) || token == Make(_previous, asker));

    /// <summary>Begins with a new secret.</summary>
    public void Rotate()
    {
        (_previous, _secret) = (_secret, _previous);
        _random.Fill(_secret);
    }

    private static ulong Make(byte[] secret, DhtContact asker)
    {
        Span<byte> input = stackalloc byte[16 + 2 + DhtKey.SizeBytes];
        BinaryPrimitives.WriteUInt128BigEndian(input, asker.Address.Ip);
        BinaryPrimitives.WriteUInt16BigEndian(input[16..], asker.Address.Port);
        asker.Key.Write(input[18..]);
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(secret, input, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash) | 1;
    }
}
