using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mycel.Identity.Tests;

public sealed class SecretStoreTests : IDisposable
{
    private static readonly JsonSerializerOptions Unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TemporaryFolder _folder = new();
    private readonly FixedTime _time = new();
    private readonly DeviceKey _key;
    private readonly SecretStore _store;

    public SecretStoreTests()
    {
        _key = DeviceKey.LoadOrCreate(_folder.Path);
        _store = new SecretStore(_folder.Path, _key, _time);
    }

    private string StorePath => _folder.Of(SecretStore.FileName);

    public void Dispose()
    {
        _store.Dispose();
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_value_comes_back_as_it_was_set_also_from_another_store()
    {
        _store.Set("openai", "sk-ü-\u2713-\U0001F600 \"quoted\"\n");
        using var second = new SecretStore(_folder.Path, _key, _time);

        Assert.Equal("sk-ü-\u2713-\U0001F600 \"quoted\"\n", _store.Get("openai"));
        Assert.Equal("sk-ü-\u2713-\U0001F600 \"quoted\"\n", second.Get("openai"));
        Assert.Null(second.Get("OpenAI"));
    }

    [Fact]
    public void An_empty_store_lists_nothing_and_makes_no_file()
    {
        Assert.Empty(_store.List());
        Assert.Null(_store.Get("x"));
        Assert.False(_store.Remove("x"));
        Assert.False(File.Exists(StorePath));
    }

    [Fact]
    public void The_list_has_names_in_order_with_the_time_of_the_last_change()
    {
        DateTimeOffset start = _time.Now;
        _store.Set("b", "1");
        _store.Set("a", "2");
        _time.Now = start.AddHours(5);
        _store.Set("b", "3");

        Assert.Equal([new SecretInfo("a", start, false), new SecretInfo("b", start.AddHours(5), false)], _store.List());
        Assert.Equal("3", _store.Get("b"));
    }

    [Fact]
    public void A_removed_secret_is_gone_and_the_others_stay()
    {
        _store.Set("a", "1");
        _store.Set("b", "2");

        Assert.True(_store.Remove("a"));
        Assert.False(_store.Remove("a"));

        Assert.Null(_store.Get("a"));
        Assert.Equal("2", _store.Get("b"));
    }

    [Fact]
    public void The_value_is_in_no_file_of_the_folder_and_the_store_is_the_owners_alone()
    {
        const string value = "sk-plaintext-0123456789abcdefghij";
        _store.Set("a", value);
        _store.Set("a", value);
        string base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));

        foreach (string file in Directory.GetFiles(_folder.Path))
        {
            string content = File.ReadAllText(file);
            Assert.DoesNotContain(value, content, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(value[..12], content, StringComparison.Ordinal);
            Assert.DoesNotContain(base64[..16], content, StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows())
                Assert.Equal("0600", UnixModes.Octal(File.GetUnixFileMode(file)));
        }
    }

    [Fact]
    public void The_same_value_is_never_encrypted_to_the_same_bytes()
    {
        _store.Set("a", "value");
        string first = Entry("a")["sealed"]!.GetValue<string>();
        _store.Set("a", "value");

        Assert.NotEqual(first, Entry("a")["sealed"]!.GetValue<string>());
    }

    [Fact]
    public void Values_swapped_between_two_names_are_noticed()
    {
        _store.Set("a", "for a");
        _store.Set("b", "for b");
        Edit(secrets =>
        {
            JsonNode a = secrets["a"]!.DeepClone();
            secrets["a"] = secrets["b"]!.DeepClone();
            secrets["b"] = a;
        });

        DamagedSecretException error = Assert.Throws<DamagedSecretException>(() => _store.Get("a"));

        Assert.Equal("a", error.SecretName);
        Assert.Contains("\"a\"", error.Message);
        Assert.Throws<DamagedSecretException>(() => _store.Get("b"));
    }

    [Fact]
    public void Under_another_device_key_everything_is_damaged_and_nothing_is_lost()
    {
        _store.Set("a", "value");
        using DeviceKey otherKey = DeviceKey.LoadOrCreate(_folder.Of("other"));
        using (var other = new SecretStore(_folder.Path, otherKey, _time))
        {
            Assert.Throws<DamagedSecretException>(() => other.Get("a"));
            Assert.True(Assert.Single(other.List()).Damaged);
            other.Set("b", "of the other");
        }

        Assert.Equal("value", _store.Get("a"));
        Assert.Throws<DamagedSecretException>(() => _store.Get("b"));
    }

    /// <summary>Ways in which an entry can be broken, as JSON.</summary>
    public static TheoryData<string> BrokenEntries =>
    [
        "null",
        "17",
        "\"text\"",
        "[]",
        "{}",
        """{"updated_at":"2026-01-01T00:00:00Z"}""",
        """{"updated_at":"2026-01-01T00:00:00Z","sealed":""}""",
        """{"updated_at":"2026-01-01T00:00:00Z","sealed":"no base64!"}""",
        """{"updated_at":"2026-01-01T00:00:00Z","sealed":"AAAA"}""",
        """{"updated_at":"2026-01-01T00:00:00Z","sealed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""",
        """{"updated_at":"2026-01-01T00:00:00Z","sealed":17}""",
        """{"updated_at":"some day","sealed":"AAAA"}""",
    ];

    [Theory]
    [MemberData(nameof(BrokenEntries))]
    public void A_damaged_entry_is_named_and_outlives_every_change_of_others(string entry)
    {
        _store.Set("good", "value");
        Edit(secrets => secrets["bad"] = JsonNode.Parse(entry));
        string before = EntryText("bad");

        _store.Set("good", "new value");
        _store.Set("another", "1");
        _store.Remove("another");

        Assert.Equal(before, EntryText("bad"));
        Assert.Equal("bad", Assert.Throws<DamagedSecretException>(() => _store.Get("bad")).SecretName);
        Assert.Equal(["bad"], _store.List().Where(secret => secret.Damaged).Select(secret => secret.Name));
        Assert.Equal("new value", _store.Get("good"));
    }

    [Fact]
    public void A_damaged_entry_can_be_set_again_or_removed()
    {
        _store.Set("a", "1");
        Edit(secrets =>
        {
            secrets["a"] = 17;
            secrets["name with spaces"] = 18;
        });

        _store.Set("a", "2");

        Assert.Equal("2", _store.Get("a"));
        Assert.True(_store.Remove("name with spaces"));
        Assert.False(Assert.Single(_store.List()).Damaged);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"version":1}""")]
    [InlineData("""{"version":1,"secrets":[]}""")]
    [InlineData("""{"version":"1","secrets":{}}""")]
    [InlineData("""{"version":1,"secrets":{"a":1,"a":2}}""")]
    [InlineData("""{"version":1,"secrets":{"\ud800":1}}""")]
    [InlineData("""{"version":1,"secrets":{}} trailing""")]
    [InlineData("""{"version":2,"secrets":{}}""")]
    [InlineData("sk-somebody-wrote-a-key-here")]
    public void A_file_that_is_no_store_is_refused_and_left_as_it_is(string content)
    {
        File.WriteAllText(StorePath, content);

        Assert.Contains(StorePath, Assert.Throws<IdentityException>(() => _store.Set("a", "1")).Message);
        Assert.Throws<IdentityException>(() => _store.Remove("a"));
        Assert.Throws<IdentityException>(() => _store.Get("a"));
        IdentityException error = Assert.Throws<IdentityException>(() => _store.List());

        Assert.DoesNotContain("sk-somebody", error.ToString());
        Assert.Equal(content, File.ReadAllText(StorePath));
    }

    [Fact]
    public void A_file_that_is_no_text_is_refused()
    {
        byte[] content = [.. "{\"version\":1,\"secrets\":{\"a\":\""u8, 0xff, .. "\"}}"u8];
        File.WriteAllBytes(StorePath, content);

        Assert.Throws<IdentityException>(() => _store.Set("b", "1"));

        Assert.Equal(content, File.ReadAllBytes(StorePath));
    }

    [Fact]
    public void An_entry_that_could_not_be_kept_as_it_is_stops_changes_but_not_reading()
    {
        _store.Set("a", "1");
        string content = File.ReadAllText(StorePath).Replace("\"secrets\": {", """ "secrets": {"bad":{"updated_at":"\ud800","sealed":"A"},""", StringComparison.Ordinal);
        File.WriteAllText(StorePath, content);

        Assert.Throws<IdentityException>(() => _store.Set("b", "2"));

        Assert.Equal(content, File.ReadAllText(StorePath));
        Assert.Equal("1", _store.Get("a"));
        Assert.Throws<DamagedSecretException>(() => _store.Get("bad"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    public void A_name_of_other_characters_is_refused(string name)
    {
        Assert.Throws<ArgumentException>(() => _store.Set(name, "value"));
        Assert.False(SecretStore.IsValidName(name));
    }

    [Fact]
    public void The_longest_name_is_accepted_and_one_longer_is_not()
    {
        string longest = new('n', SecretStore.MaxNameLength);

        _store.Set(longest, "value");

        Assert.Equal("value", _store.Get(longest));
        Assert.Throws<ArgumentException>(() => _store.Set(longest + "n", "value"));
    }

    [Fact]
    public void The_largest_value_is_accepted_and_one_larger_is_not()
    {
        // Two bytes a letter in UTF-8: the bound is one of bytes.
        string largest = new('ü', SecretStore.MaxValueBytes / 2);

        _store.Set("a", largest);

        Assert.Equal(largest, _store.Get("a"));
        ArgumentException error = Assert.Throws<ArgumentException>(() => _store.Set("a", largest + "u"));
        Assert.Contains("65,536", error.Message);
        Assert.DoesNotContain("ü", error.Message);
        Assert.Throws<ArgumentException>(() => _store.Set("a", new string('u', SecretStore.MaxValueBytes + 1)));
        Assert.Equal(largest, _store.Get("a"));
    }

    [Fact]
    public void A_value_that_is_empty_or_could_not_come_back_is_refused()
    {
        Assert.Throws<ArgumentException>(() => _store.Set("a", ""));
        Assert.Throws<ArgumentException>(() => _store.Set("a", "half a pair: \ud800"));
        Assert.Empty(_store.List());
    }

    [Fact]
    public void A_full_store_takes_no_new_name_but_changes_and_removals()
    {
        _store.Set("s0", "value");
        Edit(secrets =>
        {
            for (int i = 1; i < SecretStore.MaxCount; i++)
                secrets[$"s{i}"] = secrets["s0"]!.DeepClone();
        });

        IdentityException error = Assert.Throws<IdentityException>(() => _store.Set("one-more", "value"));
        Assert.Contains("10,000", error.Message);
        _store.Set("s0", "new value");
        Assert.Equal("new value", _store.Get("s0"));
        Assert.True(_store.Remove("s1"));
        _store.Set("one-more", "value");

        Assert.Equal(SecretStore.MaxCount, _store.List().Count);
    }

    [Fact]
    public void A_store_never_grows_beyond_what_it_can_read_again()
    {
        _store.Set("a", new string('x', SecretStore.MaxValueBytes));
        Edit(secrets =>
        {
            int size = secrets["a"]!.ToJsonString(Unescaped).Length + 100;
            for (int i = 1; i < SecretStore.MaxFileBytes / size; i++)
                secrets[$"s{i}"] = secrets["a"]!.DeepClone();
        });
        long before = new FileInfo(StorePath).Length;

        IdentityException error = Assert.Throws<IdentityException>(() =>
        {
            for (int i = 0; i < 5; i++)
                _store.Set($"more-{i}", new string('x', SecretStore.MaxValueBytes));
        });

        Assert.Contains("is full", error.Message);
        Assert.InRange(new FileInfo(StorePath).Length, before, SecretStore.MaxFileBytes);
        Assert.Equal(SecretStore.MaxValueBytes, _store.Get("a")!.Length);
    }

    [Fact]
    public void A_file_beyond_the_bound_is_refused()
    {
        using (FileStream file = File.Create(StorePath))
            file.SetLength(SecretStore.MaxFileBytes + 1L);

        Assert.Throws<IdentityException>(() => _store.Get("a"));
    }

    [Fact]
    public void A_disposed_store_gives_nothing_out()
    {
        _store.Set("a", "1");
        _store.Dispose();

        Assert.Throws<ObjectDisposedException>(() => _store.Get("a"));
        Assert.Throws<ObjectDisposedException>(() => _store.Set("a", "2"));
        Assert.Throws<ObjectDisposedException>(() => _store.List());
        Assert.Throws<ObjectDisposedException>(() => _store.Remove("a"));
    }

    private JsonObject Entry(string name) => JsonNode.Parse(File.ReadAllText(StorePath))!["secrets"]![name]!.AsObject();

    private string EntryText(string name) => JsonNode.Parse(File.ReadAllText(StorePath))!["secrets"]![name]?.ToJsonString() ?? "null";

    private void Edit(Action<JsonObject> change)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(StorePath))!;
        change(root["secrets"]!.AsObject());
        File.WriteAllText(StorePath, root.ToJsonString(Unescaped));
    }
}
