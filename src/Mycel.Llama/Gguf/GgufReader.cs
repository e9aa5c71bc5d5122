using System.Buffers.Binary;

namespace Mycel.Llama.Gguf;

/// <summary>Reads one GGUF file.</summary>
internal sealed class GgufReader(GgufSource source)
{
    private const int DefaultAlignment = 32;
    private const int MaxAlignment = 1 << 20;
    private const int MaxDimensions = 4;

    /// <summary>Bytes of a tensor's name, as many as ggml takes.</summary>
    private const int MaxTensorName = 63;

    /// <summary>What an object costs in memory beside its content, roughly.</summary>
    private const int ObjectBytes = 40;

    private const uint TypeString = 8;
    private const uint TypeArray = 9;

    private readonly Dictionary<string, object> _metadata = [];
    private readonly HashSet<string> _keys = [];
    private long _kept;

    public int Version { get; private set; }
    public int Alignment { get; private set; } = DefaultAlignment;
    public IReadOnlyDictionary<string, object> Metadata => _metadata;
    public List<GgufTensor> Tensors { get; } = [];

    /// <exception cref="GgufException">The file is no GGUF, damaged or incomplete.</exception>
    public void Read()
    {
        ReadStart();
        long tensors = source.Count(24, "tensors");
        long keys = source.Count(13, "metadata entries");
        if (tensors > GgufHeader.MaxTensors || keys > GgufHeader.MaxKeys)
            throw source.Damaged($"it claims {tensors} tensors and {keys} metadata entries; at most {GgufHeader.MaxTensors} and {GgufHeader.MaxKeys} are supported");
        for (long i = 0; i < keys; i++)
            ReadEntry();
        ReadAlignment();
        HashSet<string> names = [];
        for (long i = 0; i < tensors; i++)
        {
            GgufTensor tensor = ReadTensor();
            if (!names.Add(tensor.Name))
                throw source.Damaged($"it has two tensors named '{tensor.Name}'");
            Tensors.Add(tensor);
        }
        CheckData();
    }

    private void ReadStart()
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(64, source.Length)];
        source.Bytes(start);
        if (!start.StartsWith("GGUF"u8))
            throw GgufImpostor.Describe(source.Name, start);
        if (source.Length < 24)
            throw source.CutShort(24 - source.Length);
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(start[4..]);
        if ((version & 0xFFFF) == 0 && version != 0)
            throw new GgufException($"{source.Name} is made for big-endian machines: get the usual (little-endian) file of this model.");
        if (version is not (2 or 3))
            throw new GgufException($"{source.Name} is GGUF version {version}; versions 2 and 3 are supported. Get a newer file of this model" + (version > 3 ? " for this version, or update Mycel." : "."));
        Version = (int)version;
        source.Rewind(8);
    }

    private void ReadEntry()
    {
        string key = source.Text(GgufHeader.MaxKeyBytes, "a metadata key") ?? throw source.Damaged($"a metadata key is longer than {GgufHeader.MaxKeyBytes} bytes");
        if (key.Length == 0)
            throw source.Damaged("a metadata key is empty");
        if (!_keys.Add(key))
            throw source.Damaged($"the metadata entry '{Shown(key)}' is there twice");
        Keep(2L * key.Length + 2 * ObjectBytes);
        uint type = source.UInt32();
        if (type == TypeArray)
        {
            _metadata[key] = ReadArray(key);
        }
        else if (type == TypeString)
        {
            if (source.Text(GgufHeader.MaxStringKept, "a metadata string") is not { } text)
                return;
            Keep(2L * text.Length + ObjectBytes);
            _metadata[key] = text;
        }
        else
        {
            Keep(ObjectBytes);
            _metadata[key] = ReadScalar(type, key);
        }
        CheckHeaderBytes();
    }

    private GgufArray ReadArray(string key)
    {
        uint type = source.UInt32();
        int least = type == TypeString ? 8 : ScalarBytes(type, key);
        long count = source.Count(least, $"elements of '{Shown(key)}'");
        // Where half of the memory for kept values is used up, an array is only counted, like one that is too long: the rest is for other entries.
        bool keep = count <= GgufHeader.MaxArrayKept && _kept + count * ObjectBytes <= GgufHeader.MaxKept / 2;
        if (!keep)
        {
            SkipElements(type, count, least);
            return new GgufArray(count, null);
        }
        List<object> values = new((int)count);
        for (long i = 0; i < count; i++)
        {
            object value = type == TypeString ? source.Text(GgufHeader.MaxStringKept, "a metadata string") ?? "" : ReadScalar(type, key);
            Keep(ObjectBytes + (value is string text ? 2L * text.Length : 0));
            values.Add(value);
        }
        return new GgufArray(count, values);
    }

    private void SkipElements(uint type, long count, int bytes)
    {
        if (type != TypeString)
        {
            source.Skip(count * bytes);
            return;
        }
        for (long i = 0; i < count; i++)
        {
            source.Skip(source.Count(1, "bytes of a metadata string"));
            CheckHeaderBytes();
        }
    }

    private void CheckHeaderBytes()
    {
        if (source.Position > GgufHeader.MaxHeaderBytes)
            throw source.Damaged($"its metadata takes more than {GgufHeader.MaxHeaderBytes >> 20} MB");
    }

    private void Keep(long bytes)
    {
        _kept += bytes;
        if (_kept > GgufHeader.MaxKept)
            throw source.Damaged($"its metadata takes more than {GgufHeader.MaxKept >> 20} MB without the vocabulary");
    }

    private int ScalarBytes(uint type, string key) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or 12 => 8,
        TypeArray => throw source.Damaged($"the metadata entry '{Shown(key)}' is an array of arrays, which the format does not have"),
        _ => throw source.Damaged($"the metadata entry '{Shown(key)}' has the unknown type {type}"),
    };

    private object ReadScalar(uint type, string key)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes = bytes[..ScalarBytes(type, key)];
        source.Bytes(bytes);
        return type switch
        {
            0 => (long)bytes[0],
            1 => (long)(sbyte)bytes[0],
            2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            3 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            4 => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            5 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            6 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            7 => bytes[0] != 0,
            10 => BinaryPrimitives.ReadUInt64LittleEndian(bytes) is var value && value <= long.MaxValue ? (object)(long)value : value,
            11 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }

    private void ReadAlignment()
    {
        if (!_keys.Contains("general.alignment"))
            return;
        if (_metadata.GetValueOrDefault("general.alignment") is not long alignment || alignment is < 1 or > MaxAlignment || (alignment & (alignment - 1)) != 0)
            throw source.Damaged("its alignment is no power of two");
        Alignment = (int)alignment;
    }

    private GgufTensor ReadTensor()
    {
        string name = source.Text(MaxTensorName, "a tensor's name") ?? throw source.Damaged($"a tensor's name is longer than {MaxTensorName} bytes");
        uint axes = source.UInt32();
        if (axes > MaxDimensions)
            throw source.Damaged($"the tensor '{Shown(name)}' has {axes} axes; there are at most {MaxDimensions}");
        long[] dimensions = new long[axes];
        UInt128 elements = 1;
        for (int i = 0; i < axes; i++)
        {
            ulong length = source.UInt64();
            elements = length > long.MaxValue ? UInt128.MaxValue : elements * length;
            if (elements > long.MaxValue)
                throw source.Damaged($"the tensor '{Shown(name)}' has more elements than any file can hold");
            dimensions[i] = (long)length;
        }
        uint number = source.UInt32();
        if (!GgufTensorType.ByNumber.TryGetValue(number, out GgufTensorType? type))
            throw new GgufException($"{source.Name} stores the tensor '{Shown(name)}' in a way (type {number}) that is not supported: get a file of this model in another quantisation, or update Mycel.");
        if ((axes == 0 ? 1 : dimensions[0]) % type.BlockElements != 0)
            throw source.Damaged($"the rows of the tensor '{Shown(name)}' are no multiple of {type.BlockElements} as {type.Name} needs them");
        UInt128 size = elements / (uint)type.BlockElements * (uint)type.BlockBytes;
        ulong offset = source.UInt64();
        if (size > long.MaxValue || offset > long.MaxValue || offset % (ulong)Alignment != 0)
            throw source.Damaged($"the data of the tensor '{Shown(name)}' has an impossible place");
        CheckHeaderBytes();
        return new GgufTensor(name, dimensions, type, (long)offset) { Elements = (long)elements, Bytes = (long)size };
    }

    private void CheckData()
    {
        UInt128 start = ((UInt128)source.Position + (uint)Alignment - 1) / (uint)Alignment * (uint)Alignment;
        UInt128 end = 0;
        foreach (GgufTensor tensor in Tensors)
            end = UInt128.Max(end, start + (UInt128)tensor.Offset + (UInt128)tensor.Bytes);
        if (end > (UInt128)source.Length)
            throw source.CutShort((long)UInt128.Min(end - (UInt128)source.Length, long.MaxValue));
    }

    /// <summary>Names come from the file: what a terminal could act upon or what is long is not shown.</summary>
    private static string Shown(string name) =>
        string.Concat(name.Take(80).Select(c => char.IsControl(c) ? '?' : c)) + (name.Length > 80 ? "…" : "");
}
