using System.Security.Cryptography;

namespace Mycel.Dht;

/// <summary>Randomness that others must not be able to foresee; a simulation gives its own, to replay by seed.</summary>
public interface IDhtRandom
{
    /// <summary>Fills the span with random bytes.</summary>
    void Fill(Span<byte> destination);
}

/// <summary>The operating system's randomness.</summary>
public sealed class SystemRandomness : IDhtRandom
{
    /// <inheritdoc/>
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
