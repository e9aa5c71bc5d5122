using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Mycel.Node.Configuration;
using Mycel.Node.Observability.Logs;

namespace Mycel.Node.Tests.Logs;

public class LogTests
{
    [Fact]
    public void A_json_line_has_the_fixed_fields_and_the_events_own_in_snake_case()
    {
        using var log = new CapturedLog();
        TestEvents.DeviceOnline(log, LogLevel.Warning, "gpu \"1\"", 3, 0.5, true, null);

        var line = Line(Assert.Single(log.Entries), LogFormat.Json);

        Assert.EndsWith("}\n", line, StringComparison.Ordinal);
        var json = JsonNode.Parse(line)!.AsObject();
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", (string)json["ts"]!);
        json.Remove("ts");
        Assert.Equal(
            """{"level":"warn","category":"Mycel.Tests","event":"device_online","message":"gpu \"1\" has 3 models after 0.5 s, True, ","device_name":"gpu \"1\"","model_count":3,"latency_seconds":0.5,"is_new":true,"nothing":null}""",
            json.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public void A_text_line_cannot_be_forged_and_an_exception_follows_indented()
    {
        using var log = new CapturedLog();
        TestEvents.Said(log, "a\nb\u001b[2Jc\u2028d");
        TestEvents.Failed(log, new InvalidOperationException("first\nsecond"), "x");

        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} warn  Tests: said a\\nb\\u001b\[2Jc\\u2028d\n$", Line(log.Entries[0], LogFormat.Text));
        var lines = Line(log.Entries[1], LogFormat.Text).Split('\n');
        Assert.EndsWith(" error Tests: failed x", lines[0], StringComparison.Ordinal);
        Assert.Equal("    System.InvalidOperationException: first", lines[1]);
        Assert.Equal("    second", lines[2]);
        Assert.Contains("\u001b[33m", Line(log.Entries[0], LogFormat.ColoredText), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', Line(log.Entries[1], LogFormat.Text));
        Assert.Equal("x", JsonNode.Parse(Line(log.Entries[1], LogFormat.Json))!["field_level"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("key mycel-0123456789012345678901234567890123456789abc!", "key mycel-[redacted]!")]
    [InlineData("Authorization: Bearer abc.def-123 end", "Authorization: Bearer [redacted] end")]
    [InlineData("bearer\tx", "bearer [redacted]")]
    [InlineData("key sk-proj-0123456789abcdef", "key sk-[redacted]")]
    [InlineData("mycel-node and mycel-box are names; task-force too", "mycel-node and mycel-box are names; task-force too")]
    public void What_looks_like_a_key_is_blanked_out_in_messages_fields_and_exceptions(string text, string expected)
    {
        using var log = new CapturedLog();
        TestEvents.Said(log, text);
        TestEvents.Failed(log, new InvalidOperationException(text), text);

        Assert.Equal("said " + expected, log.Entries[0].Message);
        Assert.Equal(expected, log.Entries[0].Fields[0].Value);
        Assert.Contains(expected, log.Entries[1].Exception!, StringComparison.Ordinal);
        Assert.Equal(expected, SecretRedactor.Redact(expected));
    }

    [Fact]
    public void Long_texts_are_cut_at_their_bounds()
    {
        using var log = new CapturedLog();
        TestEvents.Said(log, new string('x', 100_000));

        Assert.Equal(LogEntryFactory.MaxMessageLength, log.Entries[0].Message.Length);
        Assert.Equal(LogEntryFactory.MaxFieldLength, ((string)log.Entries[0].Fields[0].Value!).Length);
    }

    [Fact]
    public void The_ring_keeps_the_last_thousand()
    {
        using var log = new CapturedLog();
        for (var i = 0; i < LogBuffer.Capacity + 5; i++) TestEvents.Numbered(log, i);
        TestEvents.Said(log, "last");

        Assert.Equal(LogBuffer.Capacity, log.Entries.Count);
        Assert.Equal("entry 6", log.Entries[0].Message);
        Assert.Equal("said last", log.Entries[^1].Message);
    }

    [Fact]
    public void The_last_entries_can_be_chosen_by_number_and_level()
    {
        var buffer = new LogBuffer(TimeProvider.System);
        using var provider = new NodeLoggerProvider(buffer, null, TimeProvider.System);
        var logger = provider.CreateLogger("T");
        for (var i = 0; i < 6; i++)
        {
            TestEvents.Numbered(logger, i);
            if (i % 2 == 0) TestEvents.Said(logger, $"{i}");
        }

        Assert.Equal(["entry 5"], buffer.Last(1, LogLevel.Debug).Select(e => e.Message));
        Assert.Equal(["said 2", "said 4"], buffer.Last(2, LogLevel.Warning).Select(e => e.Message));
        Assert.Empty(buffer.Last(5, LogLevel.Error));
        Assert.Empty(buffer.Last(0, LogLevel.Debug));
    }

    [Fact]
    public void The_level_can_change_at_any_time_and_the_framework_is_quiet()
    {
        using var provider = new NodeLoggerProvider(new LogBuffer(TimeProvider.System), null, TimeProvider.System);
        var own = provider.CreateLogger("Mycel.Node.X");
        var framework = provider.CreateLogger("Microsoft.AspNetCore.Routing");
        var requests = provider.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics");
        (bool, bool, bool, bool) Enabled() =>
            (own.IsEnabled(LogLevel.Debug), own.IsEnabled(LogLevel.Information), framework.IsEnabled(LogLevel.Information), requests.IsEnabled(LogLevel.Critical));

        Assert.Equal((false, true, false, false), Enabled());
        Assert.True(framework.IsEnabled(LogLevel.Warning));
        provider.Level = LogLevel.Debug;
        Assert.Equal((true, true, true, true), Enabled());
        provider.Level = LogLevel.Error;
        Assert.Equal((false, false, false, false), Enabled());
        Assert.False(framework.IsEnabled(LogLevel.Warning));
        Assert.False(own.IsEnabled(LogLevel.None));
    }

    [Fact]
    public void A_slow_follower_loses_entries_and_is_told_how_many()
    {
        var buffer = new LogBuffer(TimeProvider.System);
        using var provider = new NodeLoggerProvider(buffer, null, TimeProvider.System);
        var logger = provider.CreateLogger("T");
        using var follower = buffer.Subscribe(LogLevel.Information)!;
        for (var i = 0; i < LogSubscription.MaxPending + 7; i++) TestEvents.Numbered(logger, i);

        var read = ReadAll(follower);

        Assert.Equal(LogSubscription.MaxPending + 1, read.Count);
        Assert.Equal("log_entries_lost", read[0].Event);
        Assert.Equal(7L, read[0].Fields[0].Value);
        TestEvents.Numbered(logger, -1);
        Assert.Equal("entry -1", Assert.Single(ReadAll(follower)).Message);
    }

    [Fact]
    public async Task Followers_are_bounded_choose_their_level_and_end_with_the_log()
    {
        var buffer = new LogBuffer(TimeProvider.System);
        using var provider = new NodeLoggerProvider(buffer, null, TimeProvider.System);
        var followers = Enumerable.Range(0, LogBuffer.MaxSubscribers).Select(_ => buffer.Subscribe(LogLevel.Warning)!).ToList();
        Assert.Null(buffer.Subscribe(LogLevel.Warning));
        followers[0].Dispose();
        Assert.False(await followers[0].WaitAsync(TestContext.Current.CancellationToken));
        using var last = buffer.Subscribe(LogLevel.Warning)!;

        TestEvents.Numbered(provider.CreateLogger("T"), 1);
        TestEvents.Said(provider.CreateLogger("T"), "x");
        buffer.Complete();

        Assert.True(await last.WaitAsync(TestContext.Current.CancellationToken));
        Assert.Equal("said x", Assert.Single(ReadAll(last)).Message);
        Assert.False(await last.WaitAsync(TestContext.Current.CancellationToken));
        Assert.False(await buffer.Subscribe(LogLevel.Warning)!.WaitAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void The_output_writes_everything_before_it_ends_and_changes_form_on_demand()
    {
        var written = new MemoryStream();
        var output = new LogOutput(written, LogFormat.Json, TimeProvider.System);
        using (var provider = new NodeLoggerProvider(new LogBuffer(TimeProvider.System), output, TimeProvider.System))
        {
            for (var i = 0; i < 2_000; i++) TestEvents.Numbered(provider.CreateLogger("T"), i);
        }

        var lines = Encoding.UTF8.GetString(written.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2_000, lines.Length);
        Assert.Equal("entry 1999", (string)JsonNode.Parse(lines[^1])!["message"]!);
    }

    [Fact]
    public async Task An_output_that_nobody_reads_holds_up_no_caller_and_tells_what_was_dropped()
    {
        using var blocked = new BlockedStream();
        using var output = new LogOutput(blocked, LogFormat.Json, TimeProvider.System);
        using var provider = new NodeLoggerProvider(new LogBuffer(TimeProvider.System), output, TimeProvider.System);
        var logger = provider.CreateLogger("T");
        TestEvents.Said(logger, "first");
        await Until.TrueAsync(() => blocked.IsWriting, "the first write");

        for (var i = 0; i < LogOutput.MaxQueued + 25; i++) TestEvents.Numbered(logger, i);
        blocked.Release();

        await Until.TrueAsync(() => blocked.Text.Contains("\"lost\":25", StringComparison.Ordinal), "the note of loss");
    }

    [Fact]
    public async Task A_closed_output_ends_the_writing_and_nothing_else()
    {
        var closed = new MemoryStream();
        await closed.DisposeAsync();
        using var output = new LogOutput(closed, LogFormat.Json, TimeProvider.System);
        var buffer = new LogBuffer(TimeProvider.System);
        using var provider = new NodeLoggerProvider(buffer, output, TimeProvider.System);

        for (var i = 0; i < 10; i++) TestEvents.Numbered(provider.CreateLogger("T"), i);

        Assert.Equal(10, buffer.Last(100, LogLevel.Debug).Count);
    }

    private static string Line(LogEntry entry, LogFormat format)
    {
        var line = new ArrayBufferWriter<byte>();
        LogEntryWriter.WriteLine(entry, format, line);
        return Encoding.UTF8.GetString(line.WrittenSpan);
    }

    private static List<LogEntry> ReadAll(LogSubscription subscription)
    {
        var entries = new List<LogEntry>();
        while (subscription.TryRead(out var entry)) entries.Add(entry);
        return entries;
    }

    /// <summary>Holds each write until it is released, as a full pipe does.</summary>
    private sealed class BlockedStream : MemoryStream
    {
        private readonly ManualResetEventSlim _released = new();
        private readonly Lock _gate = new();

        public bool IsWriting { get; private set; }

        public string Text
        {
            get
            {
                lock (_gate) return Encoding.UTF8.GetString(ToArray());
            }
        }

        public void Release() => _released.Set();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            IsWriting = true;
            _released.Wait();
            lock (_gate) base.Write(buffer);
        }
    }
}
