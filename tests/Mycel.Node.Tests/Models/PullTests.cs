using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Tests.Models;

public class PullTests
{
    private static byte[] Model => PullBench.Model;

    private static string Hash => PullBench.Sha256(Model);

    [Fact]
    public async Task A_model_is_pulled_verified_and_put_in_place_with_a_note()
    {
        await using var server = await ModelServer.StartAsync(ModelServer.File(Model));
        await using var bench = new PullBench();

        var status = await bench.PullAsync(server.AddressOf("files.test", "/x/austen.gguf") + "?token=hunter2", Hash);

        Assert.Equal((PullState.Done, Model.Length, (long?)Model.Length), (status.State, status.ReceivedBytes, status.TotalBytes));
        Assert.Equal(["austen.gguf", "austen.json"], bench.Files());
        var path = bench.Store.Resolve("austen");
        Assert.Equal(Model, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        var note = ModelNote.Read(path)!;
        Assert.Equal((Hash, (long)Model.Length), (note.Sha256, note.Size));
        Assert.DoesNotContain("hunter2", await File.ReadAllTextAsync(ModelNote.PathOf(path), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_connection_that_breaks_anywhere_is_taken_up_where_it_broke(int seed)
    {
        var random = new Random(seed);
        var left = 4;
        await using var server = await ModelServer.StartAsync(context => ModelServer.SendAsync(context, Model, atMost: left-- > 0 ? random.Next(1, Model.Length / 3) : int.MaxValue));
        await using var bench = new PullBench();

        var status = await bench.PullAsync(server.AddressOf("files.test"), Hash);

        Assert.Equal(PullState.Done, status.State);
        Assert.Equal(Model, await File.ReadAllBytesAsync(bench.Store.Resolve("m"), TestContext.Current.CancellationToken));
        Assert.Contains(server.Requests, request => request.Range.Length > 0);
    }

    [Fact]
    public async Task A_server_that_knows_no_ranges_is_asked_for_everything_again()
    {
        var isFirst = true;
        await using var server = await ModelServer.StartAsync(async context =>
        {
            context.Request.Headers.Remove("Range");
            var atMost = isFirst ? 500_000 : int.MaxValue;
            isFirst = false;
            await ModelServer.SendAsync(context, Model, atMost: atMost);
        });
        await using var bench = new PullBench();

        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("files.test"), Hash)).State);
        Assert.Equal(2, server.Requests.Count);
        Assert.Equal(Model, await File.ReadAllBytesAsync(bench.Store.Resolve("m"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_that_was_replaced_in_between_is_taken_from_its_beginning()
    {
        var old = Model.ToArray();
        old[300_000] ^= 1;
        var count = 0;
        await using var server = await ModelServer.StartAsync(context =>
            count++ == 0 ? ModelServer.SendAsync(context, old, "\"old\"", 600_000) : ModelServer.SendAsync(context, Model, "\"new\""));
        await using var bench = new PullBench();

        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("files.test"), Hash)).State);
        Assert.Equal(Model, await File.ReadAllBytesAsync(bench.Store.Resolve("m"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_an_ended_process_left_is_listed_and_the_same_pull_goes_on_from_there()
    {
        var gate = new TaskCompletionSource();
        var isFirst = true;
        await using var server = await ModelServer.StartAsync(async context =>
        {
            if (!isFirst)
            {
                await ModelServer.SendAsync(context, Model);
                return;
            }
            isFirst = false;
            context.Response.ContentLength = Model.Length;
            context.Response.Headers.ETag = "\"v1\"";
            await context.Response.Body.WriteAsync(Model.AsMemory(0, 700_000));
            await context.Response.Body.FlushAsync();
            await gate.Task;
        });
        await using var bench = new PullBench();
        var first = bench.NewPuller();
        var pull = first.Start(new PullRequest(server.AddressOf("files.test"), Hash));
        await Until.TrueAsync(() => pull.Status.ReceivedBytes == 700_000, "the first bytes");
        await first.CancelAsync(pull.Source.Id);
        gate.SetResult();
        Assert.Equal(PullState.Cancelled, pull.Status.State);
        Assert.Equal([$".partial/{pull.Source.Id}", $".partial/{pull.Source.Id}.json"], bench.Files());

        var second = bench.NewPuller();
        var left = Assert.Single(second.List());
        Assert.Equal((PullState.Interrupted, 700_000L, (long?)Model.Length, "m"), (left.State, left.ReceivedBytes, left.TotalBytes, left.Name));
        var again = second.Start(new PullRequest(server.AddressOf("files.test"), Hash));
        await again.Ended;

        Assert.Equal(PullState.Done, again.Status.State);
        Assert.Equal("bytes=700000-", server.Requests.Last().Range);
        Assert.Equal(["m.gguf", "m.json"], bench.Files());
    }

    [Fact]
    public async Task A_partial_file_that_is_whole_is_verified_without_its_bytes_being_sent_again()
    {
        await using var server = await ModelServer.StartAsync(ModelServer.File(Model));
        await using var bench = new PullBench();
        Leave(bench, server.AddressOf("files.test"), Model, Model.Length);

        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("files.test"), Hash)).State);
        Assert.Equal(["m.gguf", "m.json"], bench.Files());
    }

    [Fact]
    public async Task A_partial_file_of_other_bytes_ends_in_the_wrong_hash_and_is_deleted()
    {
        await using var server = await ModelServer.StartAsync(ModelServer.File(Model));
        await using var bench = new PullBench();
        var other = Model.ToArray();
        other[1_000] ^= 1;
        Leave(bench, server.AddressOf("files.test"), other[..900_000], Model.Length);

        var status = await bench.PullAsync(server.AddressOf("files.test"), Hash);

        Assert.Equal("hash_mismatch", status.Error?.Code);
        Assert.Empty(bench.Files());
    }

    [Fact]
    public async Task Another_file_than_asked_for_is_deleted_and_both_hashes_are_told()
    {
        await using var server = await ModelServer.StartAsync(ModelServer.File(Model));
        await using var bench = new PullBench();
        var wanted = new string('a', 64);

        var status = await bench.PullAsync(server.AddressOf("files.test"), wanted);

        Assert.Equal((PullState.Failed, "hash_mismatch", 502), (status.State, status.Error!.Code, status.Error.Status));
        Assert.Contains(wanted, status.Error.Message, StringComparison.Ordinal);
        Assert.Contains(Hash, status.Error.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Files());
    }

    [Fact]
    public async Task A_server_that_always_breaks_off_is_given_up_and_what_came_is_kept()
    {
        await using var server = await ModelServer.StartAsync(context => ModelServer.SendAsync(context, Model, atMost: 1_000));
        await using var bench = new PullBench();

        var status = await bench.PullAsync(server.AddressOf("files.test") + "?sig=hunter2", Hash);

        Assert.Equal("pull_failed", status.Error?.Code);
        Assert.Contains("Gave up after 5", status.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", status.ToString(), StringComparison.Ordinal);
        Assert.Equal(1 + PullLimits.MaxRetries, server.Requests.Count);
        Assert.Equal(2, bench.Files().Length);
    }

    [Fact]
    public async Task A_server_that_answers_errors_for_a_while_is_asked_again()
    {
        var count = 0;
        await using var server = await ModelServer.StartAsync(context =>
        {
            if (count++ >= 2) return ModelServer.SendAsync(context, Model);
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using var bench = new PullBench();

        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("files.test"), Hash)).State);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task More_bytes_than_declared_are_cut_and_deleted()
    {
        await using var server = await ModelServer.StartAsync(async context =>
        {
            context.Response.Headers["X-Linked-ETag"] = $"\"{Hash}\"";
            context.Response.Headers["X-Linked-Size"] = "1000000";
            await context.Response.Body.WriteAsync(Model);
        });
        await using var bench = new PullBench { Hub = new HubSettings(new Uri(server.AddressOf("hub.test", "")), null) };

        var status = await bench.PullAsync("hf:org/repo:m.gguf");

        Assert.Equal("pull_failed", status.Error?.Code);
        Assert.Contains("more than the 1,000,000 bytes", status.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Files());
    }

    [Fact]
    public async Task A_server_that_does_not_say_how_much_it_sends_is_refused()
    {
        await using var server = await ModelServer.StartAsync(async context => await context.Response.Body.WriteAsync(Model));
        await using var bench = new PullBench();

        Assert.Contains("does not say how large", (await bench.PullAsync(server.AddressOf("files.test"), Hash)).Error!.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Files());
    }

    [Theory]
    [InlineData("text/html; charset=utf-8", "<html><body>Log in</body></html>", "web page")]
    [InlineData("application/octet-stream", "PK and then some other file format", "no GGUF file")]
    [InlineData("application/octet-stream", "GGUF and then nothing that makes sense", "cannot be used")]
    public async Task What_is_no_model_is_told_and_leaves_nothing(string type, string text, string words)
    {
        var content = System.Text.Encoding.UTF8.GetBytes(text);
        await using var server = await ModelServer.StartAsync(context =>
        {
            context.Response.ContentType = type;
            return ModelServer.SendAsync(context, content);
        });
        await using var bench = new PullBench();

        var status = await bench.PullAsync(server.AddressOf("files.test"), PullBench.Sha256(content));

        Assert.Equal("not_a_model", status.Error?.Code);
        Assert.Contains(words, status.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(bench.Store.Folder, status.Error.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Files());
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_left_and_asked_for_the_rest()
    {
        var isFirst = true;
        await using var server = await ModelServer.StartAsync(async context =>
        {
            if (!isFirst)
            {
                await ModelServer.SendAsync(context, Model);
                return;
            }
            isFirst = false;
            context.Response.Headers.ETag = "\"v1\"";
            context.Response.ContentLength = Model.Length;
            await context.Response.Body.WriteAsync(Model.AsMemory(0, 400_000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await using var bench = new PullBench { Limits = new PullLimits { Stall = TimeSpan.FromMilliseconds(300), Backoff = TimeSpan.FromMilliseconds(1) } };

        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("files.test"), Hash)).State);
        Assert.Equal(["", "bytes=400000-"], server.Requests.Select(request => request.Range));
    }

    [Fact]
    public async Task A_disk_without_room_is_told_with_the_numbers_before_a_byte_is_written()
    {
        await using var server = await ModelServer.StartAsync(ModelServer.File(Model));
        await using var bench = new PullBench { FreeBytes = PullLimits.SpareDiskBytes + Model.Length - 1 };

        var status = await bench.PullAsync(server.AddressOf("files.test"), Hash);

        Assert.Equal((507, "disk_full"), (status.Error!.Status, status.Error.Code));
        Assert.Contains("needs 2 MB more", status.Error.Message, StringComparison.Ordinal);
        Assert.Contains("has 271 MB free", status.Error.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Files());
    }

    [Fact]
    public async Task The_same_model_asked_for_twice_is_downloaded_once()
    {
        var gate = new TaskCompletionSource();
        await using var server = await ModelServer.StartAsync(async context =>
        {
            await gate.Task;
            await ModelServer.SendAsync(context, Model);
        });
        await using var bench = new PullBench();
        var puller = bench.NewPuller();
        var request = new PullRequest(server.AddressOf("files.test"), Hash);

        var first = puller.Start(request);
        var second = puller.Start(request);
        var taken = Assert.Throws<ModelException>(() => puller.Start(request with { Source = server.AddressOf("files.test", "/other.gguf"), Name = "m" }));
        gate.SetResult();
        await first.Ended;

        Assert.Same(first, second);
        Assert.Equal("model_exists", taken.Code);
        Assert.Single(server.Requests);
        Assert.Equal(PullState.Done, (await bench.PullAsync(request.Source, Hash)).State);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Two_processes_do_not_write_the_same_file()
    {
        var gate = new TaskCompletionSource();
        await using var server = await ModelServer.StartAsync(async context =>
        {
            await gate.Task;
            await ModelServer.SendAsync(context, Model);
        });
        await using var bench = new PullBench();
        var request = new PullRequest(server.AddressOf("files.test"), Hash);
        var first = bench.NewPuller().Start(request);
        await Until.TrueAsync(() => !server.Requests.IsEmpty, "the first request");

        var other = await bench.PullAsync(request.Source, Hash);
        gate.SetResult();
        await first.Ended;

        Assert.Equal("pull_running", other.Error?.Code);
        Assert.Equal(PullState.Done, first.Status.State);
    }

    [Fact]
    public async Task A_name_that_is_taken_by_another_model_is_refused_and_the_other_stays()
    {
        await using var server = await ModelServer.StartAsync(ModelServer.File(Model));
        await using var bench = new PullBench();
        bench.Store.EnsureFolder();
        await File.WriteAllTextAsync(Path.Combine(bench.Store.Folder, "m.gguf"), "mine", TestContext.Current.CancellationToken);

        var status = await bench.PullAsync(server.AddressOf("files.test"), Hash);

        Assert.Equal((409, "model_exists"), (status.Error!.Status, status.Error.Code));
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(bench.Store.Folder, "m.gguf"), TestContext.Current.CancellationToken));
        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("files.test"), Hash, "mine-too")).State);
    }

    [Fact]
    public async Task Two_run_at_once_and_the_others_wait()
    {
        var gate = new TaskCompletionSource();
        await using var server = await ModelServer.StartAsync(async context =>
        {
            await gate.Task;
            await ModelServer.SendAsync(context, Model);
        });
        await using var bench = new PullBench();
        var puller = bench.NewPuller();

        var pulls = Enumerable.Range(0, 4).Select(i => puller.Start(new PullRequest(server.AddressOf("files.test", $"/m{i}.gguf"), Hash))).ToList();
        await Until.TrueAsync(() => server.Requests.Count == 2, "two requests");
        Assert.Equal(2, puller.List().Count(pull => pull.State == PullState.Queued));
        await puller.CancelAsync(pulls.First(pull => pull.Status.State == PullState.Queued).Source.Id);
        gate.SetResult();
        await Task.WhenAll(pulls.Select(pull => pull.Ended));

        Assert.Equal(3, pulls.Count(pull => pull.Status.State == PullState.Done));
        Assert.Equal(1, pulls.Count(pull => pull.Status.State == PullState.Cancelled));
    }

    [Fact]
    public async Task The_line_is_bounded()
    {
        var gate = new TaskCompletionSource();
        await using var server = await ModelServer.StartAsync(_ => gate.Task);
        await using var bench = new PullBench();
        var puller = bench.NewPuller();
        for (var i = 0; i < PullLimits.MaxRunning + PullLimits.MaxQueued; i++) puller.Start(new PullRequest(server.AddressOf("files.test", $"/m{i}.gguf"), Hash));

        var refused = Assert.Throws<ModelException>(() => puller.Start(new PullRequest(server.AddressOf("files.test"), Hash)));

        Assert.Equal((429, "too_many_pulls"), (refused.Status, refused.Code));
        gate.SetResult();
    }

    [Fact]
    public async Task What_a_pull_left_can_be_removed()
    {
        await using var bench = new PullBench();
        Leave(bench, "https://files.test/m.gguf", Model[..1_000], Model.Length);
        var puller = bench.NewPuller();
        var left = Assert.Single(puller.List());

        Assert.True(await puller.CancelAsync(left.Id));

        Assert.Empty(bench.Files());
        Assert.False(await puller.CancelAsync(left.Id));
        Assert.False(await puller.CancelAsync("../../etc/passwd"));
    }

    /// <summary>What a process that was killed leaves: bytes and their note.</summary>
    private static void Leave(PullBench bench, string source, byte[] bytes, long total)
    {
        bench.Store.EnsureFolder();
        var partials = new PartialFiles(bench.Store.Folder);
        partials.EnsureFolder();
        var id = PullSource.Of(new PullRequest(source, Hash), bench.Hub, allowPrivate: false).Id;
        File.WriteAllBytes(partials.PathOf(id), bytes);
        partials.WriteNote(id, new PartialNote(source, "m", Hash, total, "\"v1\""));
    }
}
