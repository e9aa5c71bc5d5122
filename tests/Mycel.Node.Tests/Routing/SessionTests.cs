using System.Text;
using Mycel.Node.Backends;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

public class SessionTests
{
    private const string System = """{"role":"system","content":"Be brief."}""";
    private const string First = """{"role":"user","content":"What is moss?"}""";
    private const string Later = """{"role":"assistant","content":"A plant."},{"role":"user","content":"And lichen?"}""";

    [Fact]
    public void All_requests_of_a_conversation_have_one_key_and_only_the_later_ones_may_be_warm()
    {
        var first = Key($$"""{"model":"m","messages":[{{System}},{{First}}],"stream":true}""");
        var second = Key($$"""{"model":"m","messages":[{{System}},{{First}},{{Later}}],"stream":true,"seed":4}""");
        var third = Key($$"""{"model":"m","messages":[{{System}},{{First}},{{Later}},{{Later}}]}""");
        Assert.Equal((false, true, true), (first.MayBeWarm, second.MayBeWarm, third.MayBeWarm));
        Assert.Equal(first.Hash, second.Hash);
        Assert.Equal(first.Hash, third.Hash);
        Assert.NotEqual(first.Hash, Key($$"""{"model":"m","messages":[{{System}},{{First.Replace("moss", "peat", StringComparison.Ordinal)}}]}""").Hash);
    }

    [Fact]
    public void A_long_history_does_not_change_the_key()
    {
        var history = string.Join(',', Enumerable.Repeat(Later, 500));
        Assert.Equal(Key($$"""{"model":"m","messages":[{{System}},{{First}}]}""").Hash, Key($$"""{"model":"m","messages":[{{System}},{{First}},{{history}}]}""").Hash);
    }

    [Fact]
    public void Where_the_beginning_is_longer_than_what_is_looked_at_that_much_of_it_counts()
    {
        var long1 = $$"""{"role":"system","content":"{{new string('x', 20_000)}}"}""";
        var a = Key($$"""{"model":"m","messages":[{{long1}},{{First}}]}""");
        var b = Key($$"""{"model":"m","messages":[{{long1}},{{First}},{{Later}}]}""");
        Assert.Equal(a, b);
        Assert.True(a.MayBeWarm);
        var tools = Key($$"""{"model":"m","tools":[{"name":"{{new string('t', 9000)}}"}],"messages":[{{First}}]}""");
        Assert.True(tools is { IsNone: false, MayBeWarm: true });
    }

    [Fact]
    public void A_cache_key_of_the_caller_counts_where_it_stands_first()
    {
        var a = Key($$"""{"prompt_cache_key":"tenant-7","model":"m","messages":[{{First}}]}""");
        var b = Key($$"""{"prompt_cache_key":"tenant-7","model":"m","messages":[{{System}}]}""");
        Assert.Equal(a, b);
        Assert.True(a.MayBeWarm);
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[]}""")]
    [InlineData("""{"model":"m","messages":"odd"}""")]
    [InlineData("""{"model":"m","messages":[{"role":"system","content":"only"}]}""")]
    [InlineData("""{"model":"m","messages":[1,2]}""")]
    [InlineData("""{"model":"m","prompt":"short"}""")]
    [InlineData("""{"model":"m"}""")]
    [InlineData("{}")]
    public void What_has_no_beginning_has_no_key(string body) => Assert.True(Key(body).IsNone);

    [Fact]
    public void Embeddings_have_none_and_long_prompts_do()
    {
        Assert.True(Key($$"""{"model":"m","input":"{{new string('x', 3000)}}"}""", InferenceKind.Embedding).IsNone);
        var a = Key($$"""{"model":"m","prompt":"{{new string('x', 3000)}}"}""", InferenceKind.Completion);
        var b = Key($$"""{"model":"m","prompt":"{{new string('x', 3000)}} and so on"}""", InferenceKind.Completion);
        Assert.Equal(a, b);
        Assert.False(a.IsNone);
    }

    [Fact]
    public void Bodies_cut_anywhere_are_read_without_harm()
    {
        var whole = $$"""{"model":"m","tools":[{"a":[1,{"b":null}]}],"messages":[{{System}},{{First}},{{Later}}]}""";
        for (var length = 0; length < whole.Length; length++) Key(whole[..length]);
    }

    [Fact]
    public void A_conversation_is_remembered_for_a_while()
    {
        var map = new SessionMap();
        var (a, b) = (Backend("a"), Backend("b"));
        map.Remember("m", new SessionKey(1, false), a, 0);
        Assert.Same(a, map.Find("m", new SessionKey(1, true), 1000));
        Assert.Null(map.Find("other", new SessionKey(1, true), 1000));
        map.Remember("m", new SessionKey(1, true), b, 2000);
        Assert.Same(b, map.Find("m", new SessionKey(1, true), 2000));
        // Others come and go meanwhile.
        map.Remember("m", new SessionKey(2, true), a, SessionMap.LifetimeMs / 2);
        Assert.Same(b, map.Find("m", new SessionKey(1, true), SessionMap.LifetimeMs - 1));
        Assert.Null(map.Find("m", new SessionKey(1, true), SessionMap.LifetimeMs + 2000));
        Assert.Equal(1, map.CountBy("m", SessionMap.LifetimeMs + 2000)[a]);
    }

    [Fact]
    public void No_more_are_remembered_than_fit_and_the_latest_are()
    {
        var map = new SessionMap();
        var a = Backend("a");
        for (var i = 1; i <= 20_000; i++)
        {
            map.Remember("m", new SessionKey(i, true), a, i);
            Assert.True(map.Count <= SessionMap.MaxSessions);
        }
        for (var i = 20_000 - (SessionMap.MaxSessions / 2); i <= 20_000; i++) Assert.Same(a, map.Find("m", new SessionKey(i, true), 20_000));
    }

    private static FakeBackend Backend(string name) => new(name, 1, TimeProvider.System);

    private static SessionKey Key(string body, InferenceKind kind = InferenceKind.Chat) =>
        SessionKey.Of(kind, new RequestDocument { Body = Encoding.UTF8.GetBytes(body), Model = default, IsStream = false, AsksUsage = false });
}
