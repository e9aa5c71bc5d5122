using System.Buffers.Binary;
using System.Text;

using Microsoft.Win32.SafeHandles;

namespace Mycel.Llama.Gguf;

/// <summary>Reads a file from its start through a small buffer; nothing beyond its end is ever asked for.</summary>
internal sealed class GgufSource : IDisposable
{
    private const int BufferBytes = 64 << 10;

    private readonly SafeFileHandle _file;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private long _bufferStart;
    private int _bufferLength;

    private GgufSource(SafeFileHandle file, string name, long length)
    {
        _file = file;
        Name = name;
        Length = length;
    }

    /// <summary>The file's name for messages.</summary>
    public string Name { get; }

    public long Length { get; }

    public long Position { get; private set; }

    public long Left => Length - Position;

    public void Dispose() => _file.Dispose();

    /// <exception cref="GgufException">The file cannot be read or is empty.</exception>
    public static GgufSource Open(string path)
    {
        string name = $"'{path}'";
        if (Directory.Exists(path))
            throw new GgufException($"{name} is a folder: give the model file (.gguf) in it.");
        if (!File.Exists(path))
            throw new GgufException($"{name} does not exist: check the path of the model.");
        try
        {
            // Pipes and devices have no length: they are refused before opening one could wait for ever.
            string target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            if (new FileInfo(target).Length == 0)
                throw new GgufException($"{name} is empty: download it again.");
            SafeFileHandle file = File.OpenHandle(path);
            return new GgufSource(file, name, RandomAccess.GetLength(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GgufException($"{name} cannot be read: {e.Message}", e);
        }
    }

    public uint UInt32()
    {
        Span<byte> bytes = stackalloc byte[4];
        Bytes(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public ulong UInt64()
    {
        Span<byte> bytes = stackalloc byte[8];
        Bytes(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>A count of things that take at least <paramref name="leastBytes"/> each and so must fit into what is left.</summary>
    public long Count(int leastBytes, string what)
    {
        ulong count = UInt64();
        if (count > (ulong)(Left / leastBytes))
            throw Damaged($"it claims {count} {what}, more than the rest of the file can hold");
        return (long)count;
    }

    /// <summary>A string of at most <paramref name="most"/> bytes; null, and skipped, where it is longer.</summary>
    public string? Text(int most, string what)
    {
        long length = Count(1, $"bytes of {what}");
        if (length > most)
        {
            Skip(length);
            return null;
        }
        byte[] bytes = new byte[length];
        Bytes(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    public void Bytes(Span<byte> into)
    {
        if (into.Length > Left)
            throw CutShort(into.Length - Left);
        while (!into.IsEmpty)
        {
            long at = Position - _bufferStart;
            if (at < 0 || at >= _bufferLength)
            {
                Fill();
                at = 0;
            }
            int take = (int)Math.Min(into.Length, _bufferLength - at);
            _buffer.AsSpan((int)at, take).CopyTo(into);
            into = into[take..];
            Position += take;
        }
    }

    /// <summary>Goes to a place that was read already.</summary>
    public void Rewind(long position) => Position = Math.Min(position, Position);

    public void Skip(long bytes)
    {
        if (bytes > Left)
            throw CutShort(bytes - Left);
        Position += bytes;
    }

    private void Fill()
    {
        _bufferStart = Position;
        try
        {
            _bufferLength = RandomAccess.Read(_file, _buffer, Position);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GgufException($"{Name} cannot be read: {e.Message}", e);
        }
        if (_bufferLength <= 0)
            throw CutShort(Left);
    }

    public GgufException Damaged(string how) => new($"{Name} is damaged or cut short: {how}. Download it again.");

    public GgufException CutShort(long missing) =>
        new($"{Name} is cut short: at least {missing:N0} bytes are missing, it has {Length:N0}. Download it again; a download that was interrupted can leave such a file.");
}
