using System.Runtime.InteropServices;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Quic.Ngtcp2;

/// <summary>Room for what one system call receives. A message holds one datagram, or several of one size where the kernel joins them.</summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    /// <summary>Messages a call.</summary>
    public const int Capacity = 16;

    private const int MessageBytes = 64 << 10;
    private const int ControlBytes = 64;

    private readonly byte* _memory;
    private readonly byte* _addresses;
    private readonly byte* _controls;
    private readonly NativeVector* _vectors;

    public ReceiveBatch()
    {
        Messages = (Libc.ManyMessageHeader*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Libc.ManyMessageHeader));
        _vectors = (NativeVector*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(NativeVector));
        _memory = (byte*)NativeMemory.Alloc(Capacity * MessageBytes);
        _addresses = (byte*)NativeMemory.AllocZeroed(Capacity * NetAddress.MaxLength);
        _controls = (byte*)NativeMemory.AllocZeroed(Capacity * ControlBytes);
        for (int i = 0; i < Capacity; i++)
        {
            _vectors[i] = new NativeVector { Base = _memory + (i * MessageBytes), Length = MessageBytes };
            Messages[i].Header.Vectors = &_vectors[i];
            Messages[i].Header.VectorCount = 1;
            Messages[i].Header.Name = _addresses + (i * NetAddress.MaxLength);
            Messages[i].Header.Control = _controls + (i * ControlBytes);
        }
    }

    /// <summary>For the system call; reset by <see cref="Prepare"/>.</summary>
    public Libc.ManyMessageHeader* Messages { get; }

    /// <summary>Messages that hold something.</summary>
    public int Count { get; set; }

    public void Prepare()
    {
        for (int i = 0; i < Capacity; i++)
        {
            Messages[i].Header.NameLength = NetAddress.MaxLength;
            Messages[i].Header.ControlLength = ControlBytes;
        }
    }

    public byte* Data(int index) => _vectors[index].Base;

    public int Length(int index) => (int)Messages[index].Length;

    public NetAddress From(int index) => NetAddress.From(Messages[index].Header.Name, Messages[index].Header.NameLength);

    /// <summary>Size of the datagrams that the kernel joined (the control message UDP_GRO), or of the only one.</summary>
    public int DatagramSize(int index)
    {
        byte* control = _controls + (index * ControlBytes);
        bool joined = Messages[index].Header.ControlLength >= 20 && *(int*)(control + 8) == Libc.LevelUdp && *(int*)(control + 12) == Libc.UdpGro;
        int size = joined ? *(int*)(control + 16) : 0;
        return size > 0 ? size : Math.Max(1, Length(index));
    }

    public void Dispose()
    {
        NativeMemory.Free(Messages);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_memory);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_controls);
    }
}
