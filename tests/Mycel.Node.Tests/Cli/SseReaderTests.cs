using System.Text;
using Mycel.Node.Cli.Chat;

namespace Mycel.Node.Tests.Cli;

public sealed class SseReaderTests
{
    private const string Stream = ": keep-alive\n\ndata: {\"a\":\"ü🍄中\"}\n\r\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\nid: 3\ndata\ndata: \r\rdata: [DONE]\n\n";

    private static readonly string[] Expected = ["{\"a\":\"ü🍄中\"}", "two\nlines", "", "[DONE]"];

    [Fact]
    public async Task Every_cut_gives_the_same_events()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Stream);
        for (int cut = 0; cut <= bytes.Length; cut++)
            Assert.Equal(Expected, await ReadAsync(new PiecewiseStream(bytes[..cut], bytes[cut..])));
    }

    [Fact]
    public async Task Single_bytes_give_the_same_events() =>
        Assert.Equal(Expected, await ReadAsync(new PiecewiseStream([.. Encoding.UTF8.GetBytes(Stream).Select(b => new[] { b })])));

    [Fact]
    public async Task A_byte_order_mark_is_skipped() =>
        Assert.Equal(["x"], await ReadAsync(new PiecewiseStream([0xEF, 0xBB], [0xBF], Encoding.UTF8.GetBytes("data: x\n\n"))));

    [Fact]
    public async Task An_event_without_its_last_blank_line_is_given() =>
        Assert.Equal(["x"], await ReadAsync(new PiecewiseStream(Encoding.UTF8.GetBytes("data: x"))));

    [Fact]
    public async Task An_event_without_an_end_is_refused()
    {
        SseReader reader = new(new PiecewiseStream([.. Enumerable.Repeat(new byte[100], 20)]), maxEventBytes: 1_000);
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (string _ in reader.ReadAsync(TestContext.Current.CancellationToken)) { }
        });
    }

    [Fact]
    public async Task Many_lines_of_one_event_are_counted_together()
    {
        byte[] line = Encoding.UTF8.GetBytes($"data: {new string('x', 90)}\n");
        SseReader reader = new(new PiecewiseStream([.. Enumerable.Repeat(line, 20)]), maxEventBytes: 1_000);
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (string _ in reader.ReadAsync(TestContext.Current.CancellationToken)) { }
        });
    }

    private static async Task<List<string>> ReadAsync(Stream stream)
    {
        List<string> events = [];
        await foreach (string data in new SseReader(stream).ReadAsync(TestContext.Current.CancellationToken)) events.Add(data);
        return events;
    }

    /// <summary>Gives one piece a read.</summary>
    private sealed class PiecewiseStream(params byte[][] pieces) : MemoryStream
    {
        private int _next;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (_next < pieces.Length && pieces[_next].Length == 0) _next++;
            if (_next == pieces.Length) return ValueTask.FromResult(0);
            pieces[_next].CopyTo(buffer);
            return ValueTask.FromResult(pieces[_next++].Length);
        }
    }
}
