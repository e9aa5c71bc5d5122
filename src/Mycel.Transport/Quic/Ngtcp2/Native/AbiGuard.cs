using System.Runtime.CompilerServices;

namespace Mycel.Transport.Quic.Ngtcp2.Native;

/// <summary>
/// Checks the layouts written down here against the library that was loaded, before anything else is asked of it: a library that
/// lays them out otherwise would overwrite memory or abort the process.
/// </summary>
internal static unsafe class AbiGuard
{
    private const byte Filling = 0xA5;

    /// <summary>Null where they agree; else the first that does not.</summary>
    public static string? FindMismatch()
    {
        if (sizeof(nint) != 8)
            return "not a 64-bit system";
        return Sizes() ?? Settings() ?? Parameters();
    }

    private static string? Sizes()
        => Differs(sizeof(NativeCid), 32, "ngtcp2_cid")
        ?? Differs(sizeof(NativeAddress), 16, "ngtcp2_addr")
        ?? Differs(sizeof(NativePath), 40, "ngtcp2_path")
        ?? Differs(sizeof(NativePacketInfo), 8, "ngtcp2_pkt_info")
        ?? Differs(sizeof(NativeVector), 16, "ngtcp2_vec")
        ?? Differs(sizeof(NativeVersionCid), 40, "ngtcp2_version_cid")
        ?? Differs(sizeof(NativePacketHeader), 112, "ngtcp2_pkt_hd")
        ?? Differs(sizeof(NativeCloseError), 40, "ngtcp2_ccerr")
        ?? Differs(sizeof(NativeConnectionInfo), 56, "ngtcp2_conn_info")
        ?? Differs(sizeof(NativeCallbacks), 320, "ngtcp2_callbacks")
        ?? Differs(sizeof(NativeDatum), 16, "gnutls_datum_t");

    private static string? Settings()
    {
        NativeSettings settings;
        Unsafe.InitBlock(&settings, Filling, (uint)sizeof(NativeSettings));
        NativeQuic.ngtcp2_settings_default_versioned(1, &settings);
        return Differs(settings.CongestionAlgorithm, NativeQuic.CongestionCubic, "default congestion control")
            ?? Differs((long)settings.InitialRtt, 333_000_000, "default initial_rtt")
            ?? Differs((long)settings.AckThreshold, 2, "default ack_thresh")
            ?? Differs((long)settings.MaxDatagramSize, 1452, "default max_tx_udp_payload_size")
            ?? Differs((long)settings.HandshakeTimeout, -1, "default handshake_timeout")
            ?? Differs(settings.InitialPacketNumber, 0, "default initial_pkt_num")
            ?? Differs(settings.QlogWrite, 0, "default qlog_write")
            ?? Differs(((byte*)&settings)[NativeSettings.Version1Size], Filling, "length of ngtcp2_settings");
    }

    private static string? Parameters()
    {
        NativeTransportParameters parameters;
        Unsafe.InitBlock(&parameters, Filling, (uint)sizeof(NativeTransportParameters));
        NativeQuic.ngtcp2_transport_params_default_versioned(1, &parameters);
        return Differs((long)parameters.MaxUdpPayloadSize, 65_527, "default max_udp_payload_size")
            ?? Differs((long)parameters.AckDelayExponent, 3, "default ack_delay_exponent")
            ?? Differs((long)parameters.MaxAckDelay, 25_000_000, "default max_ack_delay")
            ?? Differs((long)parameters.ActiveConnectionIdLimit, 2, "default active_connection_id_limit")
            ?? Differs((byte)parameters.Beyond, Filling, "length of ngtcp2_transport_params");
    }

    private static string? Differs(long actual, long expected, string what)
        => actual == expected ? null : $"{what} is {actual}, not {expected}";
}
