using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Node.Admission;
using Mycel.Node.Configuration;
using Mycel.Node.Tests.Logs;

namespace Mycel.Node.Tests.Admission;

public sealed class KeyStoreTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<KeyStore> _opened = [];

    [Fact]
    public void A_key_is_found_by_its_secret_and_by_nothing_else()
    {
        var store = Open();
        Assert.False(store.HasKeys);

        var (key, secret) = store.Create("alice", KeyScope.Metrics, concurrent: 3, RateLimit.TryParse("10/m", out var rate) ? rate : null);

        Assert.True(store.HasKeys);
        Assert.Matches("^mycel-[A-Za-z0-9_-]{43}$", secret);
        Assert.Same(key, store.Find(secret));
        Assert.Equal(("k1", "alice", KeyScope.Metrics, secret[..10], 3, "10/m"), (key.Id, key.Name, key.Scope, key.Prefix, key.Concurrent, key.Rate.ToString()));
        foreach (var other in new[] { "", "mycel-", secret[..^1], secret + "A", secret.ToUpperInvariant(), new string('x', 10_000), "\ud800", key.Prefix })
            Assert.Null(store.Find(other));
    }

    [Fact]
    public void Another_store_of_the_folder_has_the_same_keys()
    {
        var (key, secret) = Open().Create("alice", KeyScope.Admin, 0, new RateLimit(5, TimeSpan.FromSeconds(90)));

        var read = Open().Find(secret)!;

        Assert.Equal((key.Id, key.Name, key.Scope, key.Prefix, key.CreatedAt, key.Concurrent, key.Rate),
            (read.Id, read.Name, read.Scope, read.Prefix, read.CreatedAt, read.Concurrent, read.Rate));
    }

    [Fact]
    public void The_file_has_the_hash_and_not_the_secret_and_is_the_owners_alone()
    {
        var (_, secret) = Open().Create("alice", KeyScope.Inference);

        var text = File.ReadAllText(KeysFile);
        Assert.DoesNotContain(secret[10..], text, StringComparison.Ordinal);
        Assert.Contains(KeyHash.Of(secret).ToString(), text, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeysFile));
    }

    [Fact]
    public void A_lookup_allocates_nothing()
    {
        var store = Open();
        var (_, secret) = store.Create("alice", KeyScope.Inference);
        store.Find(secret);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 100; i++)
        {
            Assert.NotNull(store.Find(secret));
            store.Find("mycel-nobody");
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_revoked_key_is_gone_and_its_id_is_never_used_again()
    {
        var store = Open();
        var (_, first) = store.Create("a", KeyScope.Inference);
        var (_, second) = store.Create("b", KeyScope.Inference);

        Assert.Equal("k2", store.Revoke("B")!.Id);
        Assert.Null(store.Find(second));
        Assert.NotNull(store.Find(first));
        Assert.Equal("k3", Open().Create("b", KeyScope.Inference).Key.Id);
        Assert.Equal("a", store.Revoke("k1")!.Name);
        Assert.Equal("b", store.Revoke("k3")!.Name);
        Assert.False(store.HasKeys);
        Assert.Null(store.Revoke("k3"));
        Assert.Equal("k4", Open().Create("d", KeyScope.Inference).Key.Id);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("k7", null)]
    [InlineData(" a", null)]
    [InlineData("a\nb", null)]
    [InlineData("a\u202eb", null)]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345", null)]
    [InlineData("a", -1)]
    [InlineData("a", 1_000_001)]
    public void Names_and_limits_outside_their_bounds_are_refused(string name, int? concurrent)
    {
        var refusal = Assert.Throws<KeyStoreException>(() => Open().Create(name, KeyScope.Inference, concurrent));
        Assert.Equal(KeyStoreFault.Invalid, refusal.Fault);
        Assert.False(File.Exists(KeysFile));
    }

    [Fact]
    public void Names_are_unique_among_live_keys()
    {
        var store = Open();
        store.Create("Alice's laptop", KeyScope.Inference);
        Assert.Equal(KeyStoreFault.NameTaken, Assert.Throws<KeyStoreException>(() => store.Create("alice's LAPTOP", KeyScope.Inference)).Fault);
        store.Revoke("k1");
        Assert.Equal("k2", store.Create("alice's LAPTOP", KeyScope.Inference).Key.Id);
    }

    [Fact]
    public void Ten_thousand_keys_fit_and_not_one_more()
    {
        Open().Create("first", KeyScope.Inference);
        var document = JsonNode.Parse(File.ReadAllText(KeysFile))!;
        for (var i = 2; i < KeyStore.MaxKeys; i++)
        {
            document["keys"]!.AsArray().Add(new JsonObject
            {
                ["id"] = $"k{i}", ["name"] = $"n{i}", ["scope"] = "inference", ["prefix"] = "mycel-0000", ["sha256"] = i.ToString("x64"), ["created_at"] = DateTimeOffset.UnixEpoch,
            });
        }
        document["next_id"] = KeyStore.MaxKeys;
        File.WriteAllText(KeysFile, document.ToJsonString());
        var store = Open();

        Assert.Equal($"k{KeyStore.MaxKeys}", store.Create("last", KeyScope.Inference).Key.Id);
        Assert.Equal(KeyStoreFault.Full, Assert.Throws<KeyStoreException>(() => store.Create("more", KeyScope.Inference)).Fault);
        Assert.Equal(KeyStore.MaxKeys, Open().Keys.Count);
    }

    [Fact]
    public async Task Changes_by_another_process_are_in_force_soon()
    {
        var node = Open();
        node.StartWatching(NullLogger.Instance);
        var other = Open();

        var (_, secret) = other.Create("alice", KeyScope.Inference);
        await Until.TrueAsync(() => node.Find(secret) is not null, "the new key");
        other.Revoke("alice");
        await Until.TrueAsync(() => node.Find(secret) is null, "the end of the revoked key");
        Assert.False(node.HasKeys);
    }

    [Fact]
    public async Task A_file_damaged_or_deleted_while_running_keeps_the_keys_and_a_repaired_one_counts_again()
    {
        using var log = new CapturedLog();
        var node = Open();
        var (_, secret) = node.Create("alice", KeyScope.Inference);
        var good = File.ReadAllText(KeysFile);
        node.StartWatching(log);

        File.WriteAllText(KeysFile, "{}");
        await Until.TrueAsync(() => log.Has(LogLevel.Error, "are damaged"), "word of the damage");
        Assert.NotNull(node.Find(secret));
        Assert.Throws<KeyStoreException>(() => node.Create("bob", KeyScope.Inference));

        File.Delete(KeysFile);
        await Until.TrueAsync(() => log.Has(LogLevel.Error, "is gone"), "word of the loss");
        Assert.NotNull(node.Find(secret));

        File.WriteAllText(KeysFile, good);
        await Until.TrueAsync(() => log.Has(LogLevel.Information, "1 are in force"), "word of the repair");
        Assert.NotNull(node.Find(secret));
        Assert.Single(log.Entries, e => e.Message.Contains("are damaged", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_made_while_the_file_is_missing_does_not_end_the_others()
    {
        var node = Open();
        var (_, secret) = node.Create("alice", KeyScope.Inference);
        File.Delete(KeysFile);

        Assert.Equal("k2", node.Create("bob", KeyScope.Inference).Key.Id);

        Assert.NotNull(Open().Find(secret));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"version":2,"next_id":1,"keys":[]}""")]
    [InlineData("""{"version":1,"next_id":1,"keys":null}""")]
    [InlineData("""{"version":1,"next_id":2,"keys":[null]}""")]
    [InlineData("""{"version":1,"next_id":2,"keys":[{}]}""")]
    [InlineData("""{"version":1,"next_id":1,"keys":[],"more":1}""")]
    [InlineData("""{"version":1,"next_id":1,"keys":[KEY]}""")]
    [InlineData("""{"version":1,"next_id":2,"keys":[KEY,KEY]}""")]
    [InlineData("""{"version":1,"next_id":2,"keys":[KEY]} trailing""")]
    [InlineData("""{"version":1,"next_id":2,"keys":[ROOT]}""")]
    [InlineData("""{"version":1,"next_id":2,"keys":[SHORT]}""")]
    public void A_damaged_file_is_refused_at_the_start(string content)
    {
        const string Key = """{"id":"k1","name":"a","scope":"inference","prefix":"mycel-abcd","sha256":"HASH","created_at":"2026-01-01T00:00:00+00:00"}""";
        var whole = Key.Replace("HASH", new string('a', 64), StringComparison.Ordinal);
        _folder.Write("keys.json", $$"""{"version":1,"next_id":2,"keys":[{{whole}}]}""");
        Assert.Single(Open().Keys);

        _folder.Write("keys.json", content
            .Replace("KEY", whole, StringComparison.Ordinal)
            .Replace("ROOT", whole.Replace("inference", "root", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("SHORT", Key.Replace("HASH", "abcd", StringComparison.Ordinal), StringComparison.Ordinal));

        var refusal = Assert.Throws<KeyStoreException>(() => Open());
        Assert.Equal(KeyStoreFault.Damaged, refusal.Fault);
        Assert.Contains(KeysFile, refusal.Message, StringComparison.Ordinal);
        Assert.Throws<KeyStoreException>(() => Open().Create("b", KeyScope.Inference));
    }

    [Fact]
    public async Task Many_writers_at_once_lose_nothing()
    {
        const int Writers = 4, Each = 10;
        var stores = Enumerable.Range(0, Writers).Select(_ => Open()).ToList();

        await Task.WhenAll(stores.Select((store, w) => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                store.Create($"w{w}-{i}", KeyScope.Inference);
                if (i % 2 == 0) Assert.NotNull(store.Revoke($"w{w}-{i}"));
            }
        })));

        var keys = Open().Keys;
        Assert.Equal(Writers * Each / 2, keys.Count);
        Assert.Equal(keys.Count, keys.Select(k => k.Id).Distinct().Count());
        Assert.Equal($"k{(Writers * Each) + 1}", Open().Create("last", KeyScope.Inference).Key.Id);
    }

    public void Dispose()
    {
        foreach (var store in _opened) store.Dispose();
        _folder.Dispose();
    }

    private string KeysFile => _folder.File("keys.json");

    private KeyStore Open()
    {
        var store = KeyStore.Open(_folder.Path, TimeProvider.System);
        _opened.Add(store);
        return store;
    }
}
