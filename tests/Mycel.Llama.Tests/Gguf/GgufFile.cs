using System.Text;

namespace Mycel.Llama.Tests.Gguf;

/// <summary>Writes small GGUF files, right or wrong, for tests.</summary>
internal sealed class GgufFile
{
    private readonly List<byte[]> _entries = [];
    private readonly List<(string Name, long[] Dimensions, uint Type)> _tensors = [];

    public uint Version { get; init; } = 3;

    public GgufFile Add(string key, string value) => AddRaw(key, 8, w => Text(w, value));
    public GgufFile Add(string key, uint value) => AddRaw(key, 4, w => w.Write(value));
    public GgufFile Add(string key, bool value) => AddRaw(key, 7, w => w.Write(value));
    public GgufFile Add(string key, ulong value) => AddRaw(key, 10, w => w.Write(value));

    public GgufFile AddShort(string key, ushort value) => AddRaw(key, 2, w => w.Write(value));

    public GgufFile Add(string key, IReadOnlyList<string> values) => AddRaw(key, 9, w =>
    {
        w.Write(8u);
        w.Write((ulong)values.Count);
        foreach (string value in values)
            Text(w, value);
    });

    public GgufFile Add(string key, IReadOnlyList<uint> values) => AddRaw(key, 9, w =>
    {
        w.Write(4u);
        w.Write((ulong)values.Count);
        foreach (uint value in values)
            w.Write(value);
    });

    public GgufFile AddRaw(string key, uint type, Action<BinaryWriter> value)
    {
        _entries.Add(Bytes(w =>
        {
            Text(w, key);
            w.Write(type);
            value(w);
        }));
        return this;
    }

    /// <summary>Type 0 is F32: four bytes a number.</summary>
    public GgufFile Tensor(string name, params long[] dimensions)
    {
        _tensors.Add((name, dimensions, 0));
        return this;
    }

    /// <summary>The tensors' data is left out where <paramref name="withData"/> is false.</summary>
    public byte[] ToBytes(bool withData = true, ulong? tensorCount = null, ulong? keyCount = null)
    {
        byte[] header = Bytes(w =>
        {
            w.Write("GGUF"u8);
            w.Write(Version);
            w.Write(tensorCount ?? (ulong)_tensors.Count);
            w.Write(keyCount ?? (ulong)_entries.Count);
            _entries.ForEach(w.Write);
            long offset = 0;
            foreach ((string name, long[] dimensions, uint type) in _tensors)
            {
                Text(w, name);
                w.Write((uint)dimensions.Length);
                foreach (long dimension in dimensions)
                    w.Write(dimension);
                w.Write(type);
                w.Write((ulong)offset);
                offset += Padded(Data(dimensions));
            }
        });
        if (!withData)
            return header;
        long data = _tensors.Sum(t => Padded(Data(t.Dimensions)));
        return [.. header, .. new byte[Padded(header.Length) - header.Length], .. new byte[data]];
    }

    public static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static long Data(long[] dimensions) => dimensions.Aggregate(4L, (a, b) => a * b);
    private static long Padded(long bytes) => (bytes + 31) / 32 * 32;

    private static byte[] Bytes(Action<BinaryWriter> write)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        write(writer);
        return stream.ToArray();
    }
}
