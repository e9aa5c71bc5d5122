using Mycel.Node.Admission;
using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Admission;

public class RequestLimitsTests
{
    private static readonly RateLimit TenAMinute = new(10, TimeSpan.FromMinutes(1));

    private readonly ManualTime _time = new();
    private readonly FixedOptions _options = new(new MycelOptions());
    private readonly RequestLimits _limits;

    public RequestLimitsTests() => _limits = new RequestLimits(_options, _time);

    [Fact]
    public void Without_limits_everything_is_let_in()
    {
        for (var i = 0; i < 10_000; i++) Assert.True(_limits.TryEnter(i % 2 == 0 ? Key("a") : null, out _));
    }

    [Fact]
    public void Requests_at_once_are_bounded_for_all_together()
    {
        Set(total: new LimitOptions { Concurrent = 2 });
        Enter(null);
        Enter(Key("a"));
        var refusal = Refuse(Key("b"));
        Assert.Equal(("limits.total.concurrent", "concurrency_limited"), (refusal.Name, refusal.Code));
        Assert.Contains("limits.total.concurrent", refusal.Message, StringComparison.Ordinal);
        _limits.Leave(Key("a"));
        Enter(Key("b"));
    }

    [Fact]
    public void Requests_at_once_are_bounded_for_each_key_by_itself()
    {
        Set(perKey: new LimitOptions { Concurrent = 1 });
        Enter(Key("a"));
        Assert.Equal("limits.per_key.concurrent", Refuse(Key("a")).Name);
        Enter(Key("b"));
        Enter(null);
        Enter(null);
        _limits.Leave(Key("a"));
        Enter(Key("a"));
    }

    [Fact]
    public void Another_account_counts_like_a_key_so_that_it_cannot_fill_everything()
    {
        Set(perKey: new LimitOptions { Concurrent = 1 }, total: new LimitOptions { Concurrent = 3 });
        Assert.True(_limits.TryEnterAccount("ann", out _));
        Assert.False(_limits.TryEnterAccount("ann", out var refusal));
        Assert.Equal(("limits.per_key.concurrent", "concurrency_limited"), (refusal.Name, refusal.Code));
        Assert.True(_limits.TryEnterAccount("ben", out _));
        Enter(Key("a"));
        Assert.Equal("limits.total.concurrent", Refuse(Key("b")).Name);
        new LimitedPlace(_limits, "ann").Leave();
        Assert.True(_limits.TryEnterAccount("ann", out _));
    }

    [Fact]
    public void A_keys_own_limits_go_before_those_of_all_keys()
    {
        Set(perKey: new LimitOptions { Concurrent = 1, Rate = new RateLimit(1, TimeSpan.FromHours(1)) });
        var own = Key("a", concurrent: 3, rate: new RateLimit(100, TimeSpan.FromHours(1)));
        for (var i = 0; i < 3; i++) Enter(own);
        Assert.Equal("limits.per_key.concurrent", Refuse(own).Name);
        var free = Key("b", concurrent: 0, rate: new RateLimit(2, TimeSpan.FromHours(1)));
        Enter(free);
        Enter(free);
        Assert.Equal("limits.per_key.rate", Refuse(free).Name);
    }

    [Fact]
    public void A_rate_lets_in_its_count_at_once_and_then_evenly()
    {
        Set(total: new LimitOptions { Rate = TenAMinute });
        for (var i = 0; i < 10; i++) Enter(null);
        var refusal = Refuse(null);
        Assert.Equal(("limits.total.rate", "rate_limited", 6), (refusal.Name, refusal.Code, refusal.RetryAfterSeconds));
        _time.Advance(TimeSpan.FromSeconds(5.9));
        Assert.Equal(1, Refuse(null).RetryAfterSeconds);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Enter(null);
        Refuse(null);
        _time.Advance(TimeSpan.FromDays(30));
        for (var i = 0; i < 10; i++) Enter(null);
        Refuse(null);
    }

    [Fact]
    public void Asking_often_neither_costs_nor_gains_anything()
    {
        Set(total: new LimitOptions { Rate = TenAMinute });
        for (var i = 0; i < 10; i++) Enter(null);
        var entered = 0;
        for (var i = 0; i < 60_000; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            if (_limits.TryEnter(null, out _)) entered++;
        }
        Assert.InRange(entered, 9, 10);
    }

    [Fact]
    public void A_request_is_charged_against_all_limits_or_none()
    {
        Set(perKey: new LimitOptions { Rate = TenAMinute }, total: new LimitOptions { Concurrent = 1 });
        Enter(Key("a"));
        for (var i = 0; i < 50; i++) Assert.Equal("limits.total.concurrent", Refuse(Key("a")).Name);
        for (var i = 0; i < 9; i++)
        {
            _limits.Leave(Key("a"));
            Enter(Key("a"));
        }
        _limits.Leave(Key("a"));
        Assert.Equal("limits.per_key.rate", Refuse(Key("a")).Name);

        Set(perKey: new LimitOptions { Concurrent = 1 }, total: new LimitOptions { Rate = new RateLimit(2, TimeSpan.FromHours(1)) });
        Enter(Key("b"));
        for (var i = 0; i < 50; i++) Assert.Equal("limits.per_key.concurrent", Refuse(Key("b")).Name);
        Enter(Key("c"));
        Assert.Equal("limits.total.rate", Refuse(Key("d")).Name);
    }

    [Fact]
    public void Changed_settings_count_from_the_next_request_on()
    {
        Set(total: new LimitOptions { Concurrent = 1, Rate = TenAMinute });
        Enter(null);
        Refuse(null);
        Set(total: new LimitOptions { Concurrent = 2, Rate = TenAMinute });
        Enter(null);
        Set(total: new LimitOptions { Rate = new RateLimit(3, TimeSpan.FromMinutes(1)) });
        for (var i = 0; i < 3; i++) Enter(null);
        Assert.Equal("limits.total.rate", Refuse(null).Name);
        Set();
        for (var i = 0; i < 100; i++) Enter(null);
    }

    [Fact]
    public void Whatever_comes_and_goes_the_counts_return_to_nothing()
    {
        Set(perKey: new LimitOptions { Concurrent = 3 }, total: new LimitOptions { Concurrent = 7 });
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var running = new List<AccessKey?>();
            for (var step = 0; step < 500; step++)
            {
                if (random.Next(2) == 0)
                {
                    var key = random.Next(5) switch { 0 => null, var k => Key($"k{k}") };
                    var mayEnter = running.Count < 7 && (key is null || running.Count(k => k?.Id == key.Id) < 3);
                    Assert.True(mayEnter == _limits.TryEnter(key, out _), $"seed {seed}, step {step}");
                    if (mayEnter) running.Add(key);
                }
                else if (running.Count > 0)
                {
                    var index = random.Next(running.Count);
                    _limits.Leave(running[index]);
                    running.RemoveAt(index);
                }
            }
            foreach (var key in running) _limits.Leave(key);
        }
        for (var i = 0; i < 7; i++) Enter(null);
        Refuse(null);
    }

    [Fact]
    public void More_keys_than_are_remembered_do_no_harm_to_those_that_run()
    {
        Set(perKey: new LimitOptions { Concurrent = 1 });
        Enter(Key("busy"));
        for (var i = 0; i < 50_000; i++)
        {
            var key = Key($"k{i}");
            Enter(key);
            _limits.Leave(key);
        }
        Refuse(Key("busy"));
        _limits.Leave(Key("busy"));
        Enter(Key("busy"));
    }

    private static AccessKey Key(string id, int? concurrent = null, RateLimit? rate = null) =>
        new() { Id = id, Name = id, Scope = KeyScope.Inference, Prefix = "mycel-abcd", CreatedAt = default, Concurrent = concurrent, Rate = rate };

    private void Set(LimitOptions? perKey = null, LimitOptions? total = null) =>
        _options.Current = new MycelOptions { Limits = new LimitsOptions { PerKey = perKey ?? new(), Total = total ?? new() } };

    private void Enter(AccessKey? key) => Assert.True(_limits.TryEnter(key, out var refusal), refusal?.Message);

    private LimitRefusal Refuse(AccessKey? key)
    {
        Assert.False(_limits.TryEnter(key, out var refusal));
        return refusal!;
    }
}
