using System.Diagnostics.CodeAnalysis;
using Mycel.Node.Configuration;

namespace Mycel.Node.Admission;

/// <summary>A refusal by a limit.</summary>
/// <param name="Name">The limit as it is set, such as <c>limits.total.rate</c>.</param>
/// <param name="Message">What the caller is told.</param>
/// <param name="Code"><c>rate_limited</c> or <c>concurrency_limited</c>.</param>
/// <param name="RetryAfterSeconds">When it may try again, or null where that cannot be known.</param>
internal sealed record LimitRefusal(string Name, string Message, string Code, int? RetryAfterSeconds);

/// <summary>
/// Counts requests against the limits a key and overall. A request is charged against all of them or none: first every one is
/// asked, then every one is charged.
/// </summary>
internal sealed class RequestLimits(IOptionsSource options, TimeProvider time)
{
    /// <summary>Keys that are remembered at most; beyond, the ones unused longest are forgotten.</summary>
    private const int MaxKeys = 20_000;

    private readonly Lock _lock = new();
    private readonly Scope _total = new();
    private readonly Dictionary<string, Scope> _perKey = new(StringComparer.Ordinal);

    /// <summary>What was used up of one scope's limits.</summary>
    private sealed class Scope
    {
        public int Running;
        public double Tokens = -1;
        public long RefilledAt;
        public RateLimit Rate;
    }

    /// <summary>Lets a request in, or names the limit that stands against it.</summary>
    public bool TryEnter(AccessKey? key, [NotNullWhen(false)] out LimitRefusal? refusal)
    {
        var perKey = options.Current.Limits.PerKey;
        return TryEnter(key?.Id, key?.Concurrent ?? perKey.Concurrent, key is null ? null : key.Rate ?? perKey.Rate, "this key", out refusal);
    }

    /// <summary>Lets a request by another account's node in, or names the limit that stands against it: an account counts like a key without limits of its own.</summary>
    /// <param name="account">The account's id.</param>
    /// <param name="refusal">The limit.</param>
    public bool TryEnterAccount(string account, [NotNullWhen(false)] out LimitRefusal? refusal)
    {
        var perKey = options.Current.Limits.PerKey;
        return TryEnter(account, perKey.Concurrent, perKey.Rate, "your account", out refusal);
    }

    private bool TryEnter(string? scope, int concurrent, RateLimit? rate, string whom, [NotNullWhen(false)] out LimitRefusal? refusal)
    {
        var total = options.Current.Limits.Total;
        refusal = null;
        lock (_lock)
        {
            var own = scope is null ? null : ScopeOf(scope);
            if (own is not null) refusal = Ask(own, concurrent, rate, "limits.per_key", whom);
            refusal ??= Ask(_total, total.Concurrent, total.Rate, "limits.total", "all callers together");
            if (refusal is not null) return false;
            if (own is not null) Charge(own, rate);
            Charge(_total, total.Rate);
            return true;
        }
    }

    /// <summary>Takes note that a request has ended.</summary>
    public void Leave(AccessKey? key) => Leave(key?.Id);

    /// <summary>Takes note that a request has ended.</summary>
    /// <param name="scope">Id of the key or the account that it came with; null for none.</param>
    public void Leave(string? scope)
    {
        lock (_lock)
        {
            if (scope is not null && _perKey.TryGetValue(scope, out var own)) own.Running--;
            _total.Running--;
        }
    }

    private Scope ScopeOf(string id)
    {
        if (_perKey.TryGetValue(id, out var known)) return known;
        if (_perKey.Count >= MaxKeys)
        {
            foreach (var idle in _perKey.Where(k => k.Value.Running == 0).OrderBy(k => k.Value.RefilledAt).Take(MaxKeys / 10).ToList()) _perKey.Remove(idle.Key);
        }
        var scope = new Scope();
        _perKey.Add(id, scope);
        return scope;
    }

    private LimitRefusal? Ask(Scope scope, int concurrent, RateLimit? rate, string name, string whom)
    {
        if (concurrent > 0 && scope.Running >= concurrent)
        {
            return new LimitRefusal(name + ".concurrent", $"The limit on requests at once for {whom} is reached ({concurrent}, {name}.concurrent). Wait for one to end.", "concurrency_limited", null);
        }
        if (rate is not { } limit) return null;
        Refill(scope, limit);
        if (scope.Tokens >= 1) return null;
        var wait = (int)Math.Ceiling((1 - scope.Tokens) * limit.Period.TotalSeconds / limit.Count);
        return new LimitRefusal(name + ".rate", $"The rate limit for {whom} is reached ({limit}, {name}.rate). Try again in {wait} s.", "rate_limited", Math.Max(1, wait));
    }

    private void Refill(Scope scope, RateLimit limit)
    {
        var now = time.GetTimestamp();
        if (scope.Tokens < 0 || scope.Rate != limit)
        {
            scope.Rate = limit;
            scope.Tokens = scope.Tokens < 0 ? limit.Count : Math.Min(scope.Tokens, limit.Count);
        }
        else
        {
            scope.Tokens = Math.Min(limit.Count, scope.Tokens + time.GetElapsedTime(scope.RefilledAt, now) * limit.Count / limit.Period);
        }
        scope.RefilledAt = now;
    }

    private static void Charge(Scope scope, RateLimit? rate)
    {
        scope.Running++;
        if (rate is not null) scope.Tokens--;
    }
}
