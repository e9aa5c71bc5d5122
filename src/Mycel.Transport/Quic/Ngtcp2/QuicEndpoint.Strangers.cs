using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <content>Packets: to which connection they belong, and what is done with those of strangers. Under the gate.</content>
internal sealed unsafe partial class QuicEndpoint
{
    /// <summary>Answers a second to packets that belong to nothing, however many come.</summary>
    private const int StatelessAnswersPerSecond = 1000;

    /// <summary>A client's first datagram has at least this length (RFC 9000, 14.1).</summary>
    private const int MinInitialBytes = 1200;

    private const int ResetTokenBytes = 16;
    private const int MinResetBytes = 21;
    private const int MaxResetBytes = 43;

    /// <summary>Connections to one address that a packet is tried on which may be a reset.</summary>
    private const int MaxResetCandidates = 8;

    private static readonly ulong RetryTokenLifetime = 10 * MonotonicClock.Second;

    private readonly InitialGuard _guard;
    private readonly RateLimit _statelessAnswers = new(StatelessAnswersPerSecond);
    private readonly Dictionary<NetAddress, List<QuicConnection>> _byRemote = [];

    /// <summary>A fresh connection id.</summary>
    public static NativeCid NewCid()
    {
        NativeCid cid = default;
        cid.Length = CidLength;
        RandomNumberGenerator.Fill(new Span<byte>(cid.Data, CidLength));
        return cid;
    }

    /// <summary>The token by which a peer knows that a reset of this connection id comes from here, also after a restart.</summary>
    public void WriteResetToken(NativeCid* cid, byte* token)
    {
        fixed (byte* key = _resetKey)
        {
            if (NativeQuic.ngtcp2_crypto_generate_stateless_reset_token(token, key, (nuint)_resetKey.Length, cid) != 0)
                throw new CryptographicException("A reset token could not be computed.");
        }
    }

    public void Add(CidKey cid, QuicConnection connection) => _byCid[cid] = connection;

    public void Remove(CidKey cid) => _byCid.Remove(cid);

    /// <summary>A handshake of a peer is complete.</summary>
    public void Offer(QuicConnection connection) => _accepted.Writer.TryWrite(connection);

    public bool IsRegistered(QuicConnection connection) => _connections.Contains(connection);

    /// <summary>Nothing leads to the connection any more.</summary>
    public void Forget(QuicConnection connection, List<CidKey> cids)
    {
        foreach (CidKey cid in cids)
            _byCid.Remove(cid);
        Deadlines.Remove(connection);
        _connections.Remove(connection);
        RemoveRemote(connection, connection.Remote);
    }

    /// <summary>The peer's address has changed.</summary>
    public void MoveRemote(QuicConnection connection, NetAddress before)
    {
        RemoveRemote(connection, before);
        AddRemote(connection);
    }

    public void SendDatagram(ReadOnlySpan<byte> datagram, in NetAddress to)
    {
        datagram.CopyTo(new Span<byte>(Sending.Reserve(), SendBatch.MaxDatagramBytes));
        Sending.Commit(datagram.Length, to);
    }

    private void Register(QuicConnection connection)
    {
        _connections.Add(connection);
        Live++;
        AddRemote(connection);
    }

    private void AddRemote(QuicConnection connection)
    {
        ref List<QuicConnection>? list = ref CollectionsMarshal.GetValueRefOrAddDefault(_byRemote, connection.Remote, out _);
        (list ??= []).Add(connection);
    }

    private void RemoveRemote(QuicConnection connection, NetAddress remote)
    {
        if (!_byRemote.TryGetValue(remote, out List<QuicConnection>? list))
            return;
        list.Remove(connection);
        if (list.Count == 0)
            _byRemote.Remove(remote);
    }

    private void ReceiveAll()
    {
        for (int i = 0; i < MaxReceives && _socket.Receive(_receiving); i++)
        {
            Advance();
            for (int message = 0; message < _receiving.Count; message++)
                ReceiveMessage(message);
            if (_receiving.Count < ReceiveBatch.Capacity)
                return;
        }
    }

    private void ReceiveMessage(int message)
    {
        byte* data = _receiving.Data(message);
        int length = _receiving.Length(message), size = _receiving.DatagramSize(message);
        NetAddress from = _receiving.From(message);
        for (int offset = 0; offset < length; offset += size)
            Receive(data + offset, Math.Min(size, length - offset), &from);
    }

    private void Receive(byte* packet, int length, NetAddress* from)
    {
        NativeVersionCid ids;
        int result = NativeQuic.ngtcp2_pkt_decode_version_cid(&ids, packet, (nuint)length, CidLength);
        if (result == NativeQuic.ErrorVersionNegotiation)
        {
            AnswerVersion(&ids, length, from);
            return;
        }

        if (result != 0 || ids.DestinationLength > NativeCid.MaxLength)
            return;
        NetAddress local = _socket.Local;
        NativePath path = PathOf(&local, from);
        if (!_byCid.TryGetValue(CidKey.From(ids.Destination, (int)ids.DestinationLength), out QuicConnection? connection))
        {
            ReceiveFromStranger(packet, length, &ids, &path, from);
            return;
        }

        if (connection.Phase is ConnectionPhase.Closing or ConnectionPhase.Draining)
            connection.AnswerClosed();
        else if (connection.Phase != ConnectionPhase.Dead)
            connection.Read(&path, packet, length, isForThis: true, Now);
    }

    private void ReceiveFromStranger(byte* packet, int length, NativeVersionCid* ids, NativePath* path, NetAddress* from)
    {
        // Only long headers carry a version.
        if (ids->Version == 0)
        {
            if (!ReadReset(packet, length, path, from))
                AnswerReset(ids, length, from);
            return;
        }

        NativePacketHeader header;
        if (length < MinInitialBytes || _stopping || _connections.Count - Live >= Options.MaxConnections || NativeQuic.ngtcp2_accept(&header, packet, (nuint)length) != 0)
            return;
        NativeCid original;
        bool proved = IsProved(&header, from, &original);
        switch (_guard.Judge(from->NetworkKey, proved, HalfOpen, Live, Now))
        {
            case InitialVerdict.Accept:
                BeginHandshake(packet, length, &header, proved ? &original : null, path, from);
                break;
            case InitialVerdict.Retry:
                AnswerRetry(&header, from);
                break;
            case InitialVerdict.Refuse:
                AnswerRefusal(&header, from);
                break;
        }
    }

    private void BeginHandshake(byte* packet, int length, NativePacketHeader* header, NativeCid* retriedFrom, NativePath* path, NetAddress* from)
    {
        var connection = new QuicConnection(this, isServer: true, *from);
        try
        {
            connection.CreateServer(path, header, retriedFrom, Now);
        }
        catch (TransportException error)
        {
            connection.Abandon(error);
            return;
        }

        HalfOpen++;
        Register(connection);
        connection.Read(path, packet, length, isForThis: true, Now);
    }

    /// <summary>Whether the packet carries a token that was sent to this address a moment ago.</summary>
    private bool IsProved(NativePacketHeader* header, NetAddress* from, NativeCid* original)
    {
        if (header->TokenLength == 0)
            return false;
        fixed (byte* key = _retryKey)
        {
            return NativeQuic.ngtcp2_crypto_verify_retry_token(
                original, header->Token, header->TokenLength, key, (nuint)_retryKey.Length, header->Version, from->Bytes, from->Length, &header->Destination,
                RetryTokenLifetime, Now) == 0;
        }
    }

    /// <summary>A peer that was restarted says so with a packet that looks like any other; the connection knows it by its token.</summary>
    private bool ReadReset(byte* packet, int length, NativePath* path, NetAddress* from)
    {
        if (length < MinResetBytes || !_byRemote.TryGetValue(*from, out List<QuicConnection>? candidates))
            return false;
        foreach (QuicConnection candidate in candidates.Take(MaxResetCandidates).ToArray())
        {
            if (candidate.Phase != ConnectionPhase.Open)
                continue;
            candidate.Read(path, packet, length, isForThis: false, Now);
            if (candidate.Phase != ConnectionPhase.Open)
                return true;
        }

        return false;
    }

    /// <summary>Tells whoever believes in a connection that there is none. Always shorter than what it answers, so that two never go on.</summary>
    private void AnswerReset(NativeVersionCid* ids, int length, NetAddress* to)
    {
        int size = Math.Min(length - 1, MaxResetBytes);
        if (size < MinResetBytes || ids->DestinationLength != CidLength || !_statelessAnswers.TryTake(Now))
            return;
        byte* packet = Sending.Reserve();
        RandomNumberGenerator.Fill(new Span<byte>(packet, size - ResetTokenBytes));
        packet[0] = (byte)((packet[0] & 0x3F) | 0x40);
        NativeCid cid = default;
        cid.Length = CidLength;
        Buffer.MemoryCopy(ids->Destination, cid.Data, CidLength, CidLength);
        WriteResetToken(&cid, packet + size - ResetTokenBytes);
        Sending.Commit(size, *to);
    }

    private void AnswerVersion(NativeVersionCid* ids, int length, NetAddress* to)
    {
        if (length < MinInitialBytes || ids->DestinationLength > byte.MaxValue || ids->SourceLength > byte.MaxValue || !_statelessAnswers.TryTake(Now))
            return;
        uint version = NativeQuic.Version1;
        nint size = NativeQuic.ngtcp2_pkt_write_version_negotiation(
            Sending.Reserve(), SendBatch.MaxDatagramBytes, RandomNumberGenerator.GetBytes(1)[0], ids->Source, ids->SourceLength, ids->Destination, ids->DestinationLength,
            &version, 1);
        if (size > 0)
            Sending.Commit((int)size, *to);
    }

    private void AnswerRetry(NativePacketHeader* header, NetAddress* to)
    {
        if (!_statelessAnswers.TryTake(Now))
            return;
        NativeCid source = NewCid();
        byte* token = stackalloc byte[NativeQuic.MaxRetryTokenLength];
        nint tokenLength;
        fixed (byte* key = _retryKey)
        {
            tokenLength = NativeQuic.ngtcp2_crypto_generate_retry_token(
                token, key, (nuint)_retryKey.Length, header->Version, to->Bytes, to->Length, &source, &header->Destination, Now);
        }

        if (tokenLength < 0)
            return;
        nint size = NativeQuic.ngtcp2_crypto_write_retry(
            Sending.Reserve(), SendBatch.MaxDatagramBytes, header->Version, &header->Source, &source, &header->Destination, token, (nuint)tokenLength);
        if (size > 0)
            Sending.Commit((int)size, *to);
    }

    private void AnswerRefusal(NativePacketHeader* header, NetAddress* to)
    {
        if (!_statelessAnswers.TryTake(Now))
            return;
        nint size = NativeQuic.ngtcp2_crypto_write_connection_close(
            Sending.Reserve(), SendBatch.MaxDatagramBytes, header->Version, &header->Source, &header->Destination, NativeQuic.ConnectionRefused, null, 0);
        if (size > 0)
            Sending.Commit((int)size, *to);
    }
}
