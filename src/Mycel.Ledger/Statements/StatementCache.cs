using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Ledger.Statements;

/// <summary>
/// Device certificates and standings that were verified, by the hash of their bytes: the same few come with every order and receipt, and each signature
/// costs 75 µs. Their times are not remembered as good. Safe for use from many threads.
/// </summary>
public sealed class StatementCache
{
    /// <summary>Certificates, and as many standings, that are remembered at most; twice as many for a moment.</summary>
    public const int Capacity = 4096;

    private readonly GenerationCache<PeerId, DeviceCertificate> _certificates = new(Capacity);
    private readonly GenerationCache<PeerId, StandingProof> _standings = new(Capacity);

    /// <summary>A device certificate, its form and signature checked.</summary>
    /// <exception cref="StatementException">It does not hold.</exception>
    public DeviceCertificate Certificate(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > DeviceCertificate.MaxBytes) return DeviceCertificate.Parse(bytes);
        var key = new PeerId(SHA256.HashData(bytes));
        if (_certificates.TryGet(key, out DeviceCertificate? known)) return known;
        DeviceCertificate certificate = DeviceCertificate.Parse(bytes);
        _certificates.Add(key, certificate);
        return certificate;
    }

    /// <summary>A standing, its form and every signature checked.</summary>
    /// <exception cref="StatementException">It does not hold in this network.</exception>
    public StandingProof Standing(ReadOnlySpan<byte> bytes, NetworkId network)
    {
        if (bytes.Length > StandingProof.MaxBytes) return StandingProof.Parse(bytes);
        var key = new PeerId(SHA256.HashData(bytes));
        if (_standings.TryGet(key, out StandingProof? known) && known.Standing.Network == network) return known;
        StandingProof proof = StandingProof.Parse(bytes);
        proof.Verify(network, this);
        _standings.Add(key, proof);
        return proof;
    }

    internal int Certificates => _certificates.Count;

    internal int Standings => _standings.Count;
}
