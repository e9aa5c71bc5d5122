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

    private const int SecretBytes = 32;

    private readonly IDhtRandom _random;
    private byte[] _secret = new byte[SecretBytes];
    private byte[] _previous = new byte[SecretBytes];

    public EndpointTokens(IDhtRandom random)
    {
        _random = random;
        random.Fill(_secret);
        random.Fill(_previous);
    }

    /// <summary>The token for a node at an address, never 0, which stands for none; and whether the one it showed was made for it there.</summary>
    public (ulong Token, bool IsValid) Check(DhtContact asker, ulong shown)
    {
        ulong token = Make(_secret, asker);
        return (token, shown != 0 && (shown == token || shown == Make(_previous, asker)));
    }

    /// <summary>Begins with a new secret.</summary>
    public void Rotate()
    {
        (_previous, _secret) = (_secret, _previous);
        _random.Fill(_secret);
    }

    /// <summary>SHA-256 with the secret before an input that always has the same length, and most of the hash kept back: nobody makes the hash of another input out of it.</summary>
    private static ulong Make(byte[] secret, DhtContact asker)
    {
        Span<byte> input = stackalloc byte[SecretBytes + 16 + 2 + DhtKey.SizeBytes];
        secret.CopyTo(input);
        BinaryPrimitives.WriteUInt128BigEndian(input[SecretBytes..], asker.Address.Ip);
        BinaryPrimitives.WriteUInt16BigEndian(input[(SecretBytes + 16)..], asker.Address.Port);
        asker.Key.Write(input[(SecretBytes + 18)..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash) | 1;
    }
}
