using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Mycel.Node.Api.OpenAi;
using Mycel.Node.Configuration;
using Mycel.Node.Execution;

namespace Mycel.Node.Tests.Api;

public class RequestBodyTests
{
    private const int MegaByte = 1024 * 1024;

    private readonly FixedOptions _options = new(new MycelOptions { Api = new ApiOptions { MaxBodyMegabytes = 2, BodyMemoryMegabytes = 3 } });
    private readonly BodyMemory _memory;

    public RequestBodyTests() => _memory = new BodyMemory(_options);

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(511, false)]
    [InlineData(513, false)]
    [InlineData(100_000, true)]
    [InlineData(100_000, false)]
    [InlineData(2 * MegaByte, true)]
    [InlineData(2 * MegaByte, false)]
    public async Task A_body_is_read_whole_whether_or_not_its_length_was_announced(int length, bool announces)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        var (body, error) = await RequestBody.ReadAsync(Context(bytes, announces), _memory, _options.Current.Api);
        Assert.Null(error);
        Assert.True(bytes.AsSpan().SequenceEqual(body!.Memory.Span));
        body.Dispose();
        AssertAllFree();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_too_large_is_refused(bool announces)
    {
        var context = Context(new byte[2 * MegaByte + 1], announces);
        var (body, error) = await RequestBody.ReadAsync(context, _memory, _options.Current.Api);
        Assert.Null(body);
        Assert.Equal(("body_too_large", 413, "close"), (error, context.Response.StatusCode, context.Response.Headers.Connection.ToString()));
        Assert.Contains("api.max_body_mb", await ReplyAsync(context), StringComparison.Ordinal);
        AssertAllFree();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bodies_together_are_bounded_and_give_back_what_they_took(bool announces)
    {
        var (first, _) = await RequestBody.ReadAsync(Context(new byte[2 * MegaByte], true), _memory, _options.Current.Api);
        var context = Context(new byte[2 * MegaByte], announces);
        var (second, error) = await RequestBody.ReadAsync(context, _memory, _options.Current.Api);
        Assert.Null(second);
        Assert.Equal(("body_memory_full", 503), (error, context.Response.StatusCode));
        Assert.NotEqual("", context.Response.Headers.RetryAfter.ToString());
        first!.Dispose();
        AssertAllFree();
        var (third, _) = await RequestBody.ReadAsync(Context(new byte[2 * MegaByte], announces), _memory, _options.Current.Api);
        third!.Dispose();
        AssertAllFree();
    }

    [Fact]
    public async Task A_body_that_breaks_off_gives_back_what_it_took()
    {
        var pipe = new Pipe();
        var context = Context([], announces: false, pipe.Reader);
        var reading = RequestBody.ReadAsync(context, _memory, _options.Current.Api);
        await pipe.Writer.WriteAsync(new byte[100_000], TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync(new IOException("gone"));
        await Assert.ThrowsAsync<IOException>(async () => await reading);
        AssertAllFree();
    }

    [Fact]
    public void Memory_is_charged_up_to_the_bound_and_no_further()
    {
        Assert.True(_memory.TryCharge(2 * MegaByte));
        Assert.True(_memory.TryCharge(MegaByte));
        Assert.False(_memory.TryCharge(1));
        _memory.Release(1);
        Assert.True(_memory.TryCharge(1));
        _memory.Release(3 * MegaByte);
        AssertAllFree();
    }

    private static DefaultHttpContext Context(byte[] bytes, bool announces, PipeReader? reader = null)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MemoryStream()));
        context.Features.Set<IRequestBodyPipeFeature>(new FixedPipe(reader ?? PipeReader.Create(new MemoryStream(bytes))));
        if (announces) context.Request.ContentLength = bytes.Length;
        return context;
    }

    private static async Task<string> ReplyAsync(DefaultHttpContext context)
    {
        await context.Response.BodyWriter.FlushAsync(TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(((MemoryStream)context.Features.Get<IHttpResponseBodyFeature>()!.Stream).ToArray());
    }

    private void AssertAllFree()
    {
        Assert.True(_memory.TryCharge(3 * MegaByte));
        Assert.False(_memory.TryCharge(1));
        _memory.Release(3 * MegaByte);
    }

    private sealed class FixedPipe(PipeReader reader) : IRequestBodyPipeFeature
    {
        public PipeReader Reader { get; } = reader;
    }
}
