using System.Runtime.InteropServices;

namespace Mycel.Transport.Quic.Ngtcp2.Native;

// Layouts of ngtcp2 1.x on 64-bit systems. Versioned ones are of version 1, which every 1.x library takes; AbiGuard checks them at
// the start against the library that is there.

/// <summary><c>ngtcp2_cid</c>: a connection id of up to 20 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCid
{
    public const int MaxLength = 20;

    public nuint Length;
    public fixed byte Data[MaxLength];
}

/// <summary><c>ngtcp2_addr</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAddress
{
    public byte* Address;
    public uint Length;
}

/// <summary><c>ngtcp2_path</c>: the addresses of both ends.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativePath
{
    public NativeAddress Local;
    public NativeAddress Remote;
    public void* UserData;
}

/// <summary><c>ngtcp2_pkt_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativePacketInfo
{
    public byte Ecn;
    private readonly uint _padding;
}

/// <summary><c>ngtcp2_vec</c>, and the system's <c>iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVector
{
    public byte* Base;
    public nuint Length;
}

/// <summary><c>ngtcp2_version_cid</c>: what can be read of any packet.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVersionCid
{
    public uint Version;
    public byte* Destination;
    public nuint DestinationLength;
    public byte* Source;
    public nuint SourceLength;
}

/// <summary><c>ngtcp2_pkt_hd</c>: a decoded packet header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativePacketHeader
{
    public NativeCid Destination;
    public NativeCid Source;
    public long Number;
    public byte* Token;
    public nuint TokenLength;
    public nuint NumberLength;
    public nuint Length;
    public uint Version;
    public byte Type;
    public byte Flags;
}

/// <summary><c>ngtcp2_ccerr</c>: why a connection is closed.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCloseError
{
    public const int Transport = 0;
    public const int Application = 1;

    public int Type;
    public ulong Code;
    public ulong FrameType;
    public byte* Reason;
    public nuint ReasonLength;
}

/// <summary><c>ngtcp2_crypto_conn_ref</c>, which the TLS session points to, and what of ours hangs on it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeConnectionReference
{
    public nint GetConnection;
    public nint UserData;
    public nint Connection;
}

/// <summary><c>ngtcp2_conn_info</c>, version 1. Times in nanoseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeConnectionInfo
{
    public ulong LatestRtt;
    public ulong MinimumRtt;
    public ulong SmoothedRtt;
    public ulong RttVariance;
    public ulong CongestionWindow;
    public ulong SlowStartThreshold;
    public ulong BytesInFlight;
}

/// <summary><c>ngtcp2_settings</c>: version 1 is its first 164 bytes. Times in nanoseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSettings
{
    public const int Version1Size = 164;

    public nint QlogWrite;
    public int CongestionAlgorithm;
    public ulong InitialTime;
    public ulong InitialRtt;
    public nint LogPrintf;
    public nuint MaxDatagramSize;
    public byte* Token;
    public nuint TokenLength;
    public int TokenType;
    public nint RandomContext;
    public ulong MaxWindow;
    public ulong MaxStreamWindow;
    public nuint AckThreshold;
    public byte NoDatagramSizeShaping;
    public ulong HandshakeTimeout;
    public uint* PreferredVersions;
    public nuint PreferredVersionsLength;
    public uint* AvailableVersions;
    public nuint AvailableVersionsLength;
    public uint OriginalVersion;
    public byte NoPathMtuDiscovery;
    public uint InitialPacketNumber;
    public fixed byte Beyond[92];
}

/// <summary><c>ngtcp2_transport_params</c>: version 1 is its first 344 bytes. Only the fields used here are named.</summary>
[StructLayout(LayoutKind.Explicit, Size = Version1Size + 64)]
internal struct NativeTransportParameters
{
    public const int Version1Size = 344;

    [FieldOffset(96)] public NativeCid OriginalDestination;
    [FieldOffset(128)] public NativeCid InitialSource;
    [FieldOffset(160)] public NativeCid RetrySource;
    [FieldOffset(192)] public ulong InitialMaxStreamDataBidiLocal;
    [FieldOffset(200)] public ulong InitialMaxStreamDataBidiRemote;
    [FieldOffset(208)] public ulong InitialMaxStreamDataUni;
    [FieldOffset(216)] public ulong InitialMaxData;
    [FieldOffset(224)] public ulong InitialMaxStreamsBidi;
    [FieldOffset(232)] public ulong InitialMaxStreamsUni;
    [FieldOffset(240)] public ulong MaxIdleTimeout;
    [FieldOffset(248)] public ulong MaxUdpPayloadSize;
    [FieldOffset(256)] public ulong ActiveConnectionIdLimit;
    [FieldOffset(264)] public ulong AckDelayExponent;
    [FieldOffset(272)] public ulong MaxAckDelay;
    [FieldOffset(288)] public byte StatelessResetTokenPresent;
    [FieldOffset(290)] public byte OriginalDestinationPresent;
    [FieldOffset(291)] public byte InitialSourcePresent;
    [FieldOffset(292)] public byte RetrySourcePresent;
    [FieldOffset(294)] public byte StatelessResetToken;
    [FieldOffset(Version1Size)] public ulong Beyond;
}

/// <summary><c>ngtcp2_callbacks</c>, version 1: 40 function pointers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeCallbacks
{
    public nint ClientInitial;
    public nint ReceiveClientInitial;
    public nint ReceiveCryptoData;
    public nint HandshakeCompleted;
    public nint ReceiveVersionNegotiation;
    public nint Encrypt;
    public nint Decrypt;
    public nint HeaderProtectionMask;
    public nint ReceiveStreamData;
    public nint AcknowledgedStreamData;
    public nint StreamOpen;
    public nint StreamClose;
    public nint ReceiveStatelessReset;
    public nint ReceiveRetry;
    public nint ExtendMaxLocalStreamsBidi;
    public nint ExtendMaxLocalStreamsUni;
    public nint Random;
    public nint GetNewConnectionId;
    public nint RemoveConnectionId;
    public nint UpdateKey;
    public nint PathValidation;
    public nint SelectPreferredAddress;
    public nint StreamReset;
    public nint ExtendMaxRemoteStreamsBidi;
    public nint ExtendMaxRemoteStreamsUni;
    public nint ExtendMaxStreamData;
    public nint DestinationCidStatus;
    public nint HandshakeConfirmed;
    public nint ReceiveNewToken;
    public nint DeleteCryptoAeadContext;
    public nint DeleteCryptoCipherContext;
    public nint ReceiveDatagram;
    public nint AcknowledgeDatagram;
    public nint LostDatagram;
    public nint GetPathChallengeData;
    public nint StreamStopSending;
    public nint VersionNegotiation;
    public nint ReceiveRxKey;
    public nint ReceiveTxKey;
    public nint EarlyDataRejected;
}

/// <summary><c>gnutls_datum_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeDatum
{
    public byte* Data;
    public uint Size;
}
