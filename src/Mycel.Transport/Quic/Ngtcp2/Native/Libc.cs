using System.Runtime.InteropServices;

namespace Mycel.Transport.Quic.Ngtcp2.Native;

/// <summary>The system calls that .NET's sockets do not offer: many datagrams a call, segmentation offload, waiting to the microsecond.</summary>
internal static unsafe partial class Libc
{
    public const short PollIn = 1;
    public const short PollOut = 4;
    public const int AddressFamilyInet = 2;
    public const int AddressFamilyInet6 = 10;
    public const int DatagramNonBlockingCloseOnExec = 2 | 0x800 | 0x80000;
    public const int EventNonBlockingCloseOnExec = 0x800 | 0x80000;
    public const int MessageDontWait = 0x40;
    public const int LevelSocket = 1;
    public const int SendBuffer = 7;
    public const int ReceiveBuffer = 8;
    public const int SendBufferForce = 32;
    public const int ReceiveBufferForce = 33;
    public const int LevelIp = 0;
    public const int IpMtuDiscover = 10;
    public const int LevelIpv6 = 41;
    public const int Ipv6MtuDiscover = 23;
    public const int Ipv6Only = 26;
    public const int MtuDiscoverProbe = 3;
    public const int LevelUdp = 17;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;
    public const int SetTimerSlack = 29;
    public const int ErrorInterrupted = 4;
    public const int ErrorIo = 5;
    public const int ErrorAgain = 11;
    public const int ErrorInvalid = 22;
    public const int ErrorNoBuffers = 105;

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public NativeVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ManyMessageHeader
    {
        public MessageHeader Header;
        public uint Length;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(int descriptor, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsockname(int descriptor, byte* address, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int descriptor, int level, int option, int* value, uint length);

    [LibraryImport("libc")]
    internal static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ppoll(PollDescriptor* descriptors, nuint count, TimeSpecification* timeout, void* mask);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int recvmmsg(int descriptor, ManyMessageHeader* messages, uint count, int flags, TimeSpecification* timeout);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(int descriptor, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(int descriptor, byte* buffer, nuint length, int flags, byte* address, uint addressLength);

    [LibraryImport("libc")]
    internal static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);
}
