using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Mycel.Identity.Crypto;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>
/// Signatures that cost a hundredth of Ed25519's time, for keys of simulated accounts and devices: a hash of public key and message, which only
/// those forge who compute it, and no simulated cheat does. Seeds of such keys, and the public keys, begin with a mark; every other key is
/// computed as ever, so that the rest of the tests may run beside simulations.
/// </summary>
internal sealed class SimulatedSignatures(IEd25519 real) : IEd25519
{
    private static ReadOnlySpan<byte> Mark => "mycel-simulated\0"u8;

    /// <summary>A seed of such a key.</summary>
    public static byte[] Seed(SimRandom random, bool real)
    {
        byte[] seed = random.Bytes(IEd25519.SeedSizeBytes);
        if (!real) Mark.CopyTo(seed);
        return seed;
    }

    // Once, before any test of this assembly signs.
    [ModuleInitializer]
    internal static void Install() => IEd25519.Default = new SimulatedSignatures(IEd25519.Default);

    public void KeyPairFromSeed(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> secretKey)
    {
        if (!seed.StartsWith(Mark))
        {
            real.KeyPairFromSeed(seed, publicKey, secretKey);
            return;
        }

        SHA256.HashData(seed, publicKey);
        Mark.CopyTo(publicKey);
        seed.CopyTo(secretKey);
        publicKey.CopyTo(secretKey[IEd25519.SeedSizeBytes..]);
    }

    public void Sign(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        ReadOnlySpan<byte> publicKey = secretKey[IEd25519.SeedSizeBytes..];
        if (publicKey.StartsWith(Mark)) Compute(publicKey, message, signature);
        else real.Sign(secretKey, message, signature);
    }

    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (!publicKey.StartsWith(Mark)) return real.Verify(publicKey, message, signature);
        Span<byte> expected = stackalloc byte[64];
        Compute(publicKey, message, expected);
        return signature.SequenceEqual(expected);
    }

    private static void Compute(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(publicKey);
        hash.AppendData(message);
        hash.GetCurrentHash(signature);
        signature[..32].CopyTo(signature[32..]);
    }
}
