using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

public class SettingBoundsTests
{
    /// <summary>Key, values accepted (bounds included), values refused (just beyond them, and of the wrong kind), split by spaces.</summary>
    public static TheoryData<string, string, string> Table() => new()
    {
        { "data_dir", "/srv/mycel state", "" },
        { "drain_s", "0 3600", "-1 3601 30s 1.5 [1]" },
        { "api.host", "127.0.0.1 0.0.0.0 \"::1\" localhost 192.168.1.4", "example.org 1 127.0.0.1:80 \"*\" 300.1.1.1" },
        { "api.port", "0 65535", "-1 65536 http 80.5 {a: 1}" },
        { "api.open", "true false True", "yes 1 maybe" },
        { "api.allowed_hosts", "[a.example.org] [\"*\"] []", "a.example.org [\"http://a\"] [\"a:80\"] [\"a*\"] [[x]]" },
        { "api.allowed_origins", "[\"https://a.example.org\"] [\"http://localhost:3000\"] [\"*\"] [\"tauri://localhost\"]", "[a.example.org] [\"https://a/b\"] [\"https://u@a\"] {a: 1}" },
        { "api.trusted_proxies", "[10.0.0.0/8] [\"::1\"] [192.168.1.1]", "[10.0.0.1/8] [proxy] [10.0.0.0/33] [5]" },
        { "api.max_body_mb", "1 512", "0 1025 64MB" },
        { "api.body_memory_mb", "64 65536", "63 65537" },
        { "api.max_connections", "1 1000000", "0 1000001" },
        { "relay.poll_s", "1 86400", "0 86401 0.5" },
        { "relay.withdraw_after", "1 100", "0 101" },
        { "relay.max_concurrent", "1 10000", "0 10001" },
        { "relay.connect_s", "0.1 60", "0.09 60.1 NaN 1e1" },
        { "relay.first_output_s", "1 86400", "0.9 86400.5" },
        { "relay.idle_s", "1 86400", "0 86401 Infinity" },
        { "relay.keep_alive_s", "0 3600", "-0.1 3601" },
        { "models.load", "[/srv/mycel/a.gguf] [smollm2] [fast=/a/b.gguf] [{model: a, name: b, context: 1, slots: 64, gpu_layers: 0, template: t}] [{model: a, context: 16777216}] []",
            "/a.gguf [{model: a, context: 0}] [{model: a, slots: 65}] [{model: a, gpu_layers: -1}] [{model: a, name: 'a/b'}] [[x]] [\"\"] [{model: ''}] [___]" },
        { "models.demo", "true false", "1" },
        { "models.dir", "/srv/mycel models", "" },
        { "models.allow_private", "true false", "lan" },
        { "engine.backend", "auto cpu cuda vulkan metal CUDA", "gpu rocm" },
        { "engine.libraries", "/opt/mycel llama", "" },
        { "engine.threads", "0 1024", "-1 1025 auto" },
        { "engine.slots", "0 64", "-1 65" },
        { "engine.context", "0 16777216", "-1 16777217 8k" },
        { "engine.idle_unload_s", "0 31536000", "-1 31536001" },
        { "engine.memory_mb", "0 16777216", "-1 16777217 8GB" },
        { "engine.grammar", "true false", "gbnf" },
        { "links.host", "\"::\" 0.0.0.0 127.0.0.1 localhost", "node.example.org 8421 \"*\"" },
        { "links.port", "0 65535", "-1 65536 quic" },
        { "links.provider", "auto ngtcp2 msquic none MsQuic", "quic tcp" },
        { "links.addresses", "[\"node.example.org:8421\"] [\"[2001:db8::1]:1\"] [\"https://node.example.org\"] [\"http://10.0.0.5:8420/mycel\"] [\"10.0.0.5:65535\"] []",
            "node.example.org:8421 [node.example.org] [\"node:0\"] [\"2001:db8::1:8421\"] [\"node:99999\"] [\"udp://node:1\"] [\"https://u@node\"] [\":8421\"] [{a: 1}]" },
        { "links.max_links", "1 1024", "0 1025" },
        { "links.relay", "true false", "1" },
        { "dht.enabled", "true false", "1" },
        { "dht.port", "0 65535", "-1 65536 udp" },
        { "lan.enabled", "true false", "1 on" },
        { "sharing.default", "home networks friends Home", "[x] {a: home}" },
        { "sharing.models", "{qwen: home} {\"llama3.2:3b\": friends, \"org/m\": networks} [qwen=home] [\"a=b=home\"] {}",
            "home {qwen: [home]} {qwen: } [qwen] [=home] [a=home, a=networks] [[x]]" },
        { "credit.line", "0 10 0.000001 1000000000", "-1 1000000000.1 0.0000001 ten 1e3" },
        { "credit.exposure", "0 10 2.5", "-0.1 1000000001" },
        { "credit.prices", "{qwen: 0.25/1} {qwen: free, \"llama3.2:3b\": 0/1000000} [qwen=0/0.5] {}", "free {qwen: 1} {qwen: -1/1} {qwen: 1/1000001} [qwen] {qwen: [1/1]}" },
        { "credit.default_price", "auto free 0.25/1 0/0.000001 AUTO", "1 1/ /1 1/1/1 0.0000001/1" },
        { "credit.budget", "none 5 0.5/day 5/month \"\"", "5/week -1 5/ /day 5/Month" },
        { "credit.clearing", "auto on off", "true yes" },
        { "ledger.path", "/srv/mycel/ledger.db", "" },
        { "ledger.postgres", "none secret:db env:DB_URL \"\"", "Host=db;Password=x \"secret:\" secret:a/b" },
        { "queue.depth", "0 100000", "-1 100001" },
        { "queue.timeout_s", "0.1 3600", "0 3600.1 -1" },
        { "limits.per_key.concurrent", "0 1000000", "-1 1000001" },
        { "limits.per_key.rate", "1/s 1000000/24h 10/30s 600/m none \"\"", "0/s 1000001/s 5/25h 5 /s 5/d -1/s" },
        { "limits.total.concurrent", "0 1000000", "-1 1000001" },
        { "limits.total.rate", "1/s 1/86400s", "1/86401s 1/0s" },
        { "log.level", "debug info warn error INFO", "trace verbose 1" },
        { "log.format", "auto text json", "xml" },
        { "relays", "[\"http://a\"] [{url: http://a, max_concurrent: 1}] [{url: http://a, max_concurrent: 10000}] []",
            "http://a [{url: http://a, max_concurrent: 0}] [{url: http://a, max_concurrent: 10001}] [{name: a}] [[x]]" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_value_at_the_bounds_is_accepted_and_shown_in_a_form_that_is_accepted_again(string key, string accepted, string refused)
    {
        _ = refused;
        foreach (var value in Values(accepted))
        {
            var loaded = Loading.OfYaml(With(key, value));

            Assert.True(loaded.Errors.Count == 0, $"{key}: {value}: {string.Join('\n', loaded.Errors)}");
            var shown = Assert.Single(loaded.Values, v => v.Key == key);
            Assert.Equal("file", shown.Origin.SourceWord);
            if (key is not ("relays" or "models.load")) AssertSameFromVariable(key, shown.Text);
        }
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void A_value_beyond_them_or_of_another_kind_is_refused_with_key_line_and_what_is_accepted(string key, string accepted, string refused)
    {
        _ = accepted;
        foreach (var value in Values(refused))
        {
            var loaded = Loading.OfYaml("# a comment in line 1\n" + With(key, value));

            Assert.Null(loaded.Options);
            var error = Assert.Single(loaded.Errors);
            Assert.StartsWith(key, error.Key, StringComparison.Ordinal);
            Assert.Equal(key.Count(c => c == '.') + 2, error.Origin.Line);
            Assert.True(error.Message.Contains("accepted: ", StringComparison.Ordinal) || key == "relays", error.Message);
        }
    }

    [Fact]
    public void The_table_above_has_every_setting() =>
        Assert.Equal(SettingTable.All.Select(s => s.Key).Order(), Table().Select(row => row.Data.Item1).Order());

    [Fact]
    public void Keys_and_variables_are_unique()
    {
        Assert.Equal(SettingTable.All.Count, SettingTable.All.Select(s => s.Key).Distinct().Count());
        var names = SettingTable.All.SelectMany(s => s.EnvironmentNames).Concat(EnvironmentSettings.NonSettings).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public void Defaults_are_within_their_own_bounds()
    {
        foreach (var setting in SettingTable.All.Where(s => s is not (RelaysSetting or ModelsSetting or ListSetting or MapSetting)))
        {
            var loaded = Loading.OfYaml(Loading.YamlOf(setting.Key, $"'{setting.DefaultText}'"));
            Assert.True(loaded.Errors.Count == 0, string.Join('\n', loaded.Errors));
        }
    }

    private static void AssertSameFromVariable(string key, string text)
    {
        var setting = SettingTable.Find(key)!;
        var loaded = Loading.OfVariable(setting.EnvironmentName, text == "none" && setting is ListSetting or MapSetting ? "" : text);
        Assert.True(loaded.Errors.Count == 0, string.Join('\n', loaded.Errors));
        Assert.Equal(text, loaded.Values.Single(v => v.Key == key).Text);
    }

    private static string With(string key, string value) => Loading.YamlOf(key, value);

    private static List<string> Values(string row)
    {
        // A list or section is one value, whatever spaces it holds; so is a path.
        if (row.StartsWith('/') && row.Contains("mycel", StringComparison.Ordinal)) return [row];
        var values = new List<string>();
        var depth = 0;
        foreach (var part in row.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (depth > 0) values[^1] += " " + part;
            else values.Add(part);
            depth += part.Count(c => c is '[' or '{') - part.Count(c => c is ']' or '}');
        }
        return values;
    }
}
