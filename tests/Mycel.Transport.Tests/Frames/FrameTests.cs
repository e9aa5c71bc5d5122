using System.Buffers;
using System.Text;
using Mycel.Transport.Frames;

namespace Mycel.Transport.Tests.Frames;

public class FrameTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100_000)]
    public async Task Frames_arrive_whole_and_in_order_however_the_bytes_are_cut(int pieceBytes)
    {
        await using var written = new BytesStream([], int.MaxValue);
        using var writer = new FrameWriter(written);
        byte[] large = [.. Enumerable.Range(0, FrameReader.MaxMessageBytes).Select(i => (byte)i)];
        writer.Write(FrameKind.Header, "hello"u8);
        writer.Write(FrameKind.Data, "one "u8);
        writer.Write("two "u8);
        writer.Write("three"u8);
        writer.Write(FrameKind.Message, large);
        await writer.FlushAsync(cancellation: TestContext.Current.CancellationToken);
        writer.Write(FrameKind.Data, []);
        writer.Write(FrameKind.Trailer, []);
        await writer.FlushAsync(end: true, TestContext.Current.CancellationToken);

        await using var read = new BytesStream(written.Written, pieceBytes);
        using var reader = new FrameReader(read);
        var data = new StringBuilder();
        var others = new List<(FrameKind Kind, int Length)>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken) is { } frame)
        {
            if (frame.Kind == FrameKind.Data) data.Append(Encoding.UTF8.GetString(frame.Payload.Span));
            else others.Add((frame.Kind, frame.Payload.Length));
            if (frame.Kind == FrameKind.Message) Assert.Equal(large, frame.Payload.ToArray());
        }

        Assert.Equal("one two three", data.ToString());
        Assert.Equal([(FrameKind.Header, 5), (FrameKind.Message, large.Length), (FrameKind.Trailer, 0)], others);
        Assert.True(written.HasEnded);
    }

    [Fact]
    public async Task Data_is_handed_out_before_its_frame_is_whole()
    {
        await using var stream = new BytesStream([2, 0, 1, 0, .. "begin"u8], int.MaxValue);
        using var reader = new FrameReader(stream);

        Assert.Equal("begin", Encoding.UTF8.GetString((await reader.ReadAsync(TestContext.Current.CancellationToken))!.Value.Payload.Span));
        await Assert.ThrowsAsync<FrameException>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 7, 0, 0, 0 })]
    [InlineData(new byte[] { 255, 255, 255, 255 })]
    [InlineData(new byte[] { 1, 4, 0, 1 })]
    [InlineData(new byte[] { 1, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 3, 65 })]
    public async Task What_is_no_frame_is_refused_without_waiting_for_more(byte[] bytes)
    {
        await using var stream = new BytesStream(bytes, int.MaxValue);
        using var reader = new FrameReader(stream);

        await Assert.ThrowsAsync<FrameException>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_length_that_is_only_claimed_takes_no_memory()
    {
        await using var stream = new BytesStream([6, 4, 0, 0, .. "few"u8], int.MaxValue);
        using var reader = new FrameReader(stream);

        await Assert.ThrowsAsync<FrameException>(async () => await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.InRange(stream.LargestBuffer, 1, 64 * 1024);
    }

    [Fact]
    public void Payloads_that_no_frame_may_have_are_refused_before_they_are_sent()
    {
        using var writer = new FrameWriter(new BytesStream([], 1));

        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Begin(FrameKind.Header, FrameReader.MaxMessageBytes + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Begin(FrameKind.Data, FrameReader.MaxDataBytes + 1));
        Assert.Equal(0, writer.PendingBytes);
    }

    [Fact]
    public async Task More_data_than_a_frame_holds_becomes_several()
    {
        await using var written = new BytesStream([], int.MaxValue);
        using var writer = new FrameWriter(written);
        var piece = new byte[1 << 20];
        for (int i = 0; i < 20; i++) writer.Write(piece);
        await writer.FlushAsync(end: true, TestContext.Current.CancellationToken);

        await using var read = new BytesStream(written.Written, 1 << 16);
        using var reader = new FrameReader(read);
        long total = 0;
        while (await reader.ReadAsync(TestContext.Current.CancellationToken) is { } frame) total += frame.Payload.Length;
        Assert.Equal(20L << 20, total);
    }

    /// <summary>A million inputs by default, of random bytes and of frames that were damaged; MYCEL_FUZZ sets how many times as many.</summary>
    [Fact]
    public async Task Whatever_comes_is_frames_or_a_refusal()
    {
        int count = 1_000_000 * int.Parse(Environment.GetEnvironmentVariable("MYCEL_FUZZ") ?? "1", System.Globalization.CultureInfo.InvariantCulture);
        var random = new Random(20261121);
        byte[] valid = [1, 0, 0, 2, 65, 66, 2, 0, 0, 3, 1, 2, 3, 6, 0, 0, 0, 4, 0, 0, 1, 9];
        var stream = new BytesStream([], 1);
        for (int i = 0; i < count; i++)
        {
            byte[] input = [.. valid];
            if (random.Next(4) == 0) random.NextBytes(input);
            else for (int n = random.Next(1, 4); n > 0; n--) input[random.Next(input.Length)] = (byte)random.Next(256);
            stream.Restart(input, random.Next(1, input.Length + 1));
            using var reader = new FrameReader(stream);
            try
            {
                int bytes = 0;
                while (await reader.ReadAsync(CancellationToken.None) is { } frame) bytes += frame.Payload.Length;
                Assert.True(bytes <= input.Length);
            }
            catch (FrameException)
            {
                // A clear refusal.
            }
        }
    }

    /// <summary>A stream on bytes in memory, handed out in pieces.</summary>
    private sealed class BytesStream(byte[] bytes, int pieceBytes) : ITransportStream
    {
        private readonly MemoryStream _written = new();
        private byte[] _bytes = bytes;
        private int _pieceBytes = pieceBytes;
        private int _position;

        public byte[] Written => _written.ToArray();

        public bool HasEnded { get; private set; }

        /// <summary>The most that was ever asked for at once, in bytes.</summary>
        public int LargestBuffer { get; private set; }

        public long Id => 0;

        public Task WritesClosed => Task.CompletedTask;

        public void Restart(byte[] bytes, int pieceBytes) => (_bytes, _pieceBytes, _position) = (bytes, pieceBytes, 0);

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default)
        {
            Assert.NotEqual(0, buffer.Length);
            LargestBuffer = Math.Max(LargestBuffer, buffer.Length);
            int count = Math.Min(Math.Min(buffer.Length, _pieceBytes), _bytes.Length - _position);
            _bytes.AsMemory(_position, count).CopyTo(buffer);
            _position += count;
            return ValueTask.FromResult(count);
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool end = false, CancellationToken cancellation = default)
        {
            _written.Write(data.Span);
            HasEnded = end;
            return default;
        }

        public void AbortRead(long code)
        {
        }

        public void AbortWrite(long code)
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
