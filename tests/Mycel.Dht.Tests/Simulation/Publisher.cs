using System.Buffers.Binary;
using Mycel.Identity;

namespace Mycel.Dht.Tests.Simulation;

/// <summary>A device that provides a model, and its records.</summary>
internal sealed class Publisher : IDisposable
{
    public static readonly NetworkId Network = new(PeerId.FromPublicKey(new byte[32]));

    private readonly DeviceKey _device;
    private readonly TimeProvider _time;
    private readonly string _model;
    private ulong _sequence;

    public Publisher(int number, string model, TimeProvider time)
    {
        Span<byte> seed = stackalloc byte[32];
        BinaryPrimitives.WriteInt32LittleEndian(seed, number + 1);
        _device = new DeviceKey(seed);
        _time = time;
        _model = model;
        Key = DhtKey.OfProviders(Network, model);
    }

    public DeviceKey Device => _device;

    public DhtKey Key { get; }

    public PeerId Peer => _device.PeerId;

    /// <summary>The record as it is published next.</summary>
    public DhtRecord Make() => Make(++_sequence, TimeSpan.FromHours(3));

    public DhtRecord Make(ulong sequence, TimeSpan lifetime)
        => DhtRecord.SignProvider(_device, sequence, _time.GetUtcNow() + lifetime, [Address], Network, _model);

    public static DhtAddress Address { get; } = DhtAddress.TryParse("198.51.100.7:8421", out DhtAddress address) ? address : default;

    public void Dispose() => _device.Dispose();
}
