using System.Runtime.CompilerServices;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>A connection id as a key: its bytes, filled up with zeros, and its length.</summary>
internal readonly record struct CidKey(ulong First, ulong Second, uint Third, byte Length)
{
    public static unsafe CidKey From(byte* data, int length)
    {
        byte* padded = stackalloc byte[24];
        Unsafe.InitBlock(padded, 0, 24);
        Buffer.MemoryCopy(data, padded, NativeCid.MaxLength, length);
        return new CidKey(*(ulong*)padded, *(ulong*)(padded + 8), *(uint*)(padded + 16), (byte)length);
    }

    public static unsafe CidKey From(NativeCid* cid) => From(cid->Data, (int)cid->Length);

    /// <inheritdoc/>
    // Ids made here are random and those of peers are never keys for long, so that any part of them will do.
    public override int GetHashCode() => (int)(First ^ (First >> 32) ^ Second);
}
