using Microsoft.AspNetCore.Http;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Tests.Models;

public class HubSearchTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Repositories_are_looked_for_by_words_with_the_owners_token()
    {
        string? query = null;
        await using var server = await ModelServer.StartAsync(context =>
        {
            query = context.Request.QueryString.Value;
            return context.Response.WriteAsync("""
                [{"id":"org/one","downloads":12,"likes":3,"lastModified":"2026-01-02T03:04:05.000Z","gated":false},
                 {"id":"org/two","downloads":1e99,"gated":"auto"}, {"likes":1}, 7]
                """);
        });
        await using var bench = Bench(server, token: "hf_secret");

        var found = await new HubSearch(bench.Tools).FindAsync("qwen & co", Cancel);

        Assert.Equal([new HubRepository("org/one", 12, 3, "2026-01-02T03:04:05.000Z", false), new HubRepository("org/two", 0, 0, null, true)], found);
        Assert.Contains("search=qwen%20%26%20co&filter=gguf", query, StringComparison.Ordinal);
        Assert.Equal("Bearer hf_secret", Assert.Single(server.Requests).Authorization);
    }

    [Fact]
    public async Task Of_a_repository_only_what_can_be_pulled_is_listed_the_smallest_first()
    {
        await using var server = await ModelServer.StartAsync(context => context.Response.WriteAsync("""
            [{"path":"big.gguf","size":900},{"path":"README.md","size":1},{"path":"small.gguf","size":10},
             {"path":"part-00001-of-00002.gguf","size":5},{"path":"../outside.gguf","size":5}]
            """));
        await using var bench = Bench(server);

        var files = await new HubSearch(bench.Tools).FilesAsync("org/one", Cancel);

        Assert.Equal([new HubFile("small.gguf", 10, "hf:org/one:small.gguf"), new HubFile("big.gguf", 900, "hf:org/one:big.gguf")], files);
    }

    [Theory]
    [InlineData(404, "[]", 404, "no such repository")]
    [InlineData(401, "[]", 404, "HF_TOKEN")]
    [InlineData(503, "[]", 502, "Try again shortly")]
    [InlineData(200, "<html>", 502, "Is HF_ENDPOINT a hub's address?")]
    public async Task What_the_hub_does_not_give_is_said_with_what_to_do(int answered, string body, int status, string sentence)
    {
        await using var server = await ModelServer.StartAsync(context =>
        {
            context.Response.StatusCode = answered;
            return context.Response.WriteAsync(body);
        });
        await using var bench = Bench(server);

        var refused = await Assert.ThrowsAsync<ModelException>(() => new HubSearch(bench.Tools).FilesAsync("org/one", Cancel));

        Assert.Equal(status, refused.Status);
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_end_is_given_up()
    {
        await using var server = await ModelServer.StartAsync(async context =>
        {
            var piece = new byte[1 << 20];
            piece.AsSpan().Fill((byte)' ');
            while (!context.RequestAborted.IsCancellationRequested) await context.Response.Body.WriteAsync(piece, context.RequestAborted);
        });
        await using var bench = Bench(server);

        var refused = await Assert.ThrowsAsync<ModelException>(() => new HubSearch(bench.Tools).FindAsync("", Cancel));

        Assert.Equal("hub_unreachable", refused.Code);
    }

    [Fact]
    public async Task A_hub_at_a_private_address_is_asked_only_where_that_is_allowed()
    {
        await using var bench = new PullBench { Hub = new HubSettings(new Uri("https://inner.test"), null), Names = { ["inner.test"] = "10.0.0.5" } };

        var refused = await Assert.ThrowsAsync<ModelException>(() => new HubSearch(bench.Tools).FindAsync("", Cancel));

        Assert.Equal("address_not_allowed", refused.Code);
    }

    private static PullBench Bench(ModelServer server, string? token = null) => new() { Hub = new HubSettings(new Uri(server.AddressOf("hub.test", "/")), token) };
}
