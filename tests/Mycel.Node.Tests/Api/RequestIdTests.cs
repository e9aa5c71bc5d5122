using Microsoft.AspNetCore.Http;
using Mycel.Node.Api;

namespace Mycel.Node.Tests.Api;

public class RequestIdTests
{
    [Theory]
    [InlineData("X-Request-ID", "abc-123_x.y:z/+=@")]
    [InlineData("x-request-id", "A")]
    [InlineData("Request-Id", "7b1f")]
    public void A_usable_id_of_the_callers_is_kept(string header, string id) => Assert.Equal(id, RequestId.For(new HeaderDictionary { [header] = id }));

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("line\r\nbreak: 1")]
    [InlineData("quote\"")]
    [InlineData("é")]
    [InlineData("a,b")]
    [InlineData("<script>")]
    public void Any_other_is_replaced(string id)
    {
        var made = RequestId.For(new HeaderDictionary { ["X-Request-ID"] = id });
        Assert.StartsWith("req-", made, StringComparison.Ordinal);
        Assert.NotEqual(made, RequestId.For(new HeaderDictionary()));
    }

    [Fact]
    public void Length_and_number_are_bounded()
    {
        var longest = new string('x', RequestId.MaxLength);
        Assert.Equal(longest, RequestId.For(new HeaderDictionary { ["X-Request-ID"] = longest }));
        Assert.NotEqual(longest + "x", RequestId.For(new HeaderDictionary { ["X-Request-ID"] = longest + "x" }));
        Assert.StartsWith("req-", RequestId.For(new HeaderDictionary { ["X-Request-ID"] = new(["a", "b"]) }), StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_header_goes_before_the_second() =>
        Assert.Equal("one", RequestId.For(new HeaderDictionary { ["Request-Id"] = "two", ["X-Request-ID"] = "one" }));

    [Fact]
    public void Ids_made_here_are_all_different_and_usable()
    {
        var ids = Enumerable.Range(0, 10_000).AsParallel().Select(_ => RequestId.For(new HeaderDictionary())).ToHashSet();
        Assert.Equal(10_000, ids.Count);
        Assert.All(ids, id => Assert.Equal(id, RequestId.For(new HeaderDictionary { ["X-Request-ID"] = id })));
    }
}
