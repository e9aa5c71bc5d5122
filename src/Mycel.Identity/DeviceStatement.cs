using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity;

/// <summary>
/// A statement of a device about itself, of a kind that this library does not know: its body is bytes to it. The domain keeps a signature for
/// one purpose from being shown for another. Immutable; the bytes it was read from are kept by whoever passes it on.
/// </summary>
public sealed class DeviceStatement
{
    private readonly Signed _signed;
    private readonly string _what;

    private DeviceStatement(Signed signed, string what)
    {
        _signed = signed;
        _what = what;
    }

    /// <summary>The body, byte for byte as it was signed.</summary>
    public ReadOnlyMemory<byte> Body => _signed.Body.Memory;

    /// <summary>Signs a body.</summary>
    /// <param name="device">Who signs.</param>
    /// <param name="domain">The kind of statement, ASCII, such as <c>mycel/node-record/1</c>.</param>
    /// <param name="body">The serialized message.</param>
    /// <returns>The statement as others read it.</returns>
    public static byte[] Sign(DeviceKey device, string domain, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentException.ThrowIfNullOrEmpty(domain);
        var signed = new Signed
        {
            Body = ByteString.CopyFrom(body),
            Signature = UnsafeByteOperations.UnsafeWrap(device.Sign(Statement.Message(domain, body))),
        };
        return signed.ToByteArray();
    }

    /// <summary>Reads a statement. Its signature is not checked yet: who signed is known only once the body was read.</summary>
    /// <param name="bytes">The statement.</param>
    /// <param name="maxBytes">Largest size accepted.</param>
    /// <param name="what">What it is, for messages, such as "The node's record".</param>
    /// <exception cref="StatementException">It is too large or damaged.</exception>
    public static DeviceStatement Parse(ReadOnlySpan<byte> bytes, int maxBytes, string what)
        => new(Statement.Read(Signed.Parser, bytes, maxBytes, what), what);

    /// <summary>Checks the signature.</summary>
    /// <param name="domain">The kind of statement.</param>
    /// <param name="publicKey">The device's raw public key.</param>
    /// <exception cref="StatementException">The device did not sign it.</exception>
    public void Verify(string domain, ReadOnlySpan<byte> publicKey) => Statement.Verify(_signed, domain, publicKey, _what);
}
