using System.ComponentModel;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>The system's UDP socket, with offload of segmentation (GSO) and its reverse (GRO) where the kernel and the card have them.</summary>
internal sealed unsafe class UdpSocket : IDatagramSocket
{
    /// <summary>Asked for; the system may give less.</summary>
    private const int BufferBytes = 4 << 20;

    private const int ControlBytes = 24;

    private readonly byte* _control = (byte*)NativeMemory.AllocZeroed(ControlBytes);
    private bool _segments = true;

    /// <exception cref="TransportException">The address cannot be bound.</exception>
    public UdpSocket(IPEndPoint local)
    {
        bool inet6 = local.AddressFamily == AddressFamily.InterNetworkV6;
        Descriptor = Libc.socket(inet6 ? Libc.AddressFamilyInet6 : Libc.AddressFamilyInet, Libc.DatagramNonBlockingCloseOnExec, 0);
        if (Descriptor < 0)
            throw Failure(local);
        if (inet6)
        {
            Set(Libc.LevelIpv6, Libc.Ipv6Only, local.Address.Equals(IPAddress.IPv6Any) ? 0 : 1);
            Set(Libc.LevelIpv6, Libc.Ipv6MtuDiscover, Libc.MtuDiscoverProbe);
        }

        // Also for the IPv4 side of a socket that serves both. The protocol finds the path's limit itself; nothing may be split under way.
        Set(Libc.LevelIp, Libc.IpMtuDiscover, Libc.MtuDiscoverProbe);
        if (!Set(Libc.LevelSocket, Libc.ReceiveBufferForce, BufferBytes))
            Set(Libc.LevelSocket, Libc.ReceiveBuffer, BufferBytes);
        if (!Set(Libc.LevelSocket, Libc.SendBufferForce, BufferBytes))
            Set(Libc.LevelSocket, Libc.SendBuffer, BufferBytes);
        Set(Libc.LevelUdp, Libc.UdpGro, 1);
        NetAddress address = NetAddress.From(local, inet6);
        if (Libc.bind(Descriptor, address.Bytes, address.Length) != 0)
        {
            TransportException failure = Failure(local);
            Dispose();
            throw failure;
        }

        byte* bound = stackalloc byte[NetAddress.MaxLength];
        uint length = NetAddress.MaxLength;
        Libc.getsockname(Descriptor, bound, &length);
        Local = NetAddress.From(bound, length);
    }

    public int Descriptor { get; private set; }

    public NetAddress Local { get; }

    public bool Receive(ReceiveBatch batch)
    {
        batch.Prepare();
        int count = Libc.recvmmsg(Descriptor, batch.Messages, ReceiveBatch.Capacity, Libc.MessageDontWait, null);
        batch.Count = Math.Max(0, count);
        return count > 0;
    }

    public SendOutcome Send(byte* data, int length, int datagramSize, in NetAddress to)
    {
        NetAddress address = to;
        if (length > datagramSize && _segments)
        {
            int error = SendSegmented(data, length, datagramSize, &address);
            if (error == 0)
                return SendOutcome.Done;
            if (error is Libc.ErrorAgain or Libc.ErrorNoBuffers)
                return SendOutcome.Busy;
            // A network card without checksum offload cannot do it: from now on one by one.
            if (error is Libc.ErrorIo or Libc.ErrorInvalid)
                _segments = false;
        }

        for (int offset = 0; offset < length; offset += datagramSize)
        {
            // Other errors (no route, too large for the path, refused by a firewall) are losses: the protocol draws its conclusions.
            int error = SendOne(data + offset, Math.Min(datagramSize, length - offset), &address);
            // What of the batch was sent already is sent again; the other end ignores what it knows.
            if (error is Libc.ErrorAgain or Libc.ErrorNoBuffers)
                return SendOutcome.Busy;
        }

        return SendOutcome.Done;
    }

    /// <summary>Largest packet of this machine's network with itself, in bytes; 0 where it is not known.</summary>
    public static int LoopbackMtu()
    {
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .FirstOrDefault(static one => one.NetworkInterfaceType == NetworkInterfaceType.Loopback)?.GetIPProperties().GetIPv4Properties()?.Mtu ?? 0;
        }
        catch (NetworkInformationException)
        {
            return 0;
        }
    }

    public void Dispose()
    {
        if (Descriptor < 0)
            return;
        _ = Libc.close(Descriptor);
        Descriptor = -1;
        NativeMemory.Free(_control);
    }

    private static TransportException Failure(IPEndPoint local)
    {
        var error = new Win32Exception(Marshal.GetLastPInvokeError());
        return new TransportException(TransportFailure.Local, error.NativeErrorCode, $"UDP {local} cannot be bound: {error.Message}. Choose another address or port.", error);
    }

    private bool Set(int level, int option, int value) => Libc.setsockopt(Descriptor, level, option, &value, sizeof(int)) == 0;

    private int SendSegmented(byte* data, int length, int datagramSize, NetAddress* to)
    {
        var vector = new NativeVector { Base = data, Length = (nuint)length };
        *(nuint*)_control = 18;
        *(int*)(_control + 8) = Libc.LevelUdp;
        *(int*)(_control + 12) = Libc.UdpSegment;
        *(ushort*)(_control + 16) = (ushort)datagramSize;
        var message = new Libc.MessageHeader
        {
            Name = to->Bytes,
            NameLength = to->Length,
            Vectors = &vector,
            VectorCount = 1,
            Control = _control,
            ControlLength = ControlBytes,
        };
        while (true)
        {
            if (Libc.sendmsg(Descriptor, &message, Libc.MessageDontWait) >= 0)
                return 0;
            int error = Marshal.GetLastPInvokeError();
            if (error != Libc.ErrorInterrupted)
                return error;
        }
    }

    private int SendOne(byte* data, int length, NetAddress* to)
    {
        while (true)
        {
            if (Libc.sendto(Descriptor, data, (nuint)length, Libc.MessageDontWait, to->Bytes, to->Length) >= 0)
                return 0;
            int error = Marshal.GetLastPInvokeError();
            if (error != Libc.ErrorInterrupted)
                return error;
        }
    }
}
