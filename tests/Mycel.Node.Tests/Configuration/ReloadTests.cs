using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Configuration;

public class ReloadTests
{
    [Fact]
    public void Hot_settings_change_at_once_and_cold_ones_are_reported_and_keep_their_value()
    {
        using var loading = new Loading();
        var store = Start(loading, "api:\n  port: 1000\nqueue:\n  depth: 1\n");
        var told = new List<MycelOptions>();
        store.Changed += told.Add;

        loading.Load("\napi:\n  port: 2000\n  max_body_mb: 5\nqueue:\n  depth: 2\nrelays: [http://a]\n");
        var outcome = store.Reload();

        Assert.True(outcome.IsOk);
        Assert.Equal(["api.max_body_mb", "relays", "queue.depth"], outcome.Applied);
        Assert.Equal([new RestartRequired("api.port", "1000", "2000")], outcome.RestartRequired);
        Assert.Equal((1000, 5, 2), (store.Current.Api.Port, store.Current.Api.MaxBodyMegabytes, store.Current.Queue.Depth));
        Assert.Same(store.Current, Assert.Single(told));
        Assert.Equal(("1000", 2), Shown(store, "api.port"));
        Assert.Equal(("2", 6), Shown(store, "queue.depth"));

        // What waits for a restart is reported again, and going back to the old value ends it.
        Assert.Equal("2000", Assert.Single(store.Reload().RestartRequired).To);
        loading.Load("api:\n  port: 1000\n  max_body_mb: 5\nqueue:\n  depth: 2\nrelays: [http://a]\n");
        var back = store.Reload();
        Assert.Empty(back.RestartRequired);
        Assert.Empty(back.Applied);
        Assert.Single(told);
    }

    [Fact]
    public void A_broken_file_changes_nothing_and_says_why()
    {
        using var loading = new Loading();
        var store = Start(loading, "queue:\n  depth: 1\n");
        var before = store.Current;
        store.Changed += _ => Assert.Fail("nothing may change");

        loading.Load("queue:\n  depth: 7\n  timeout_s: x\n");
        var outcome = store.Reload();

        Assert.False(outcome.IsOk);
        Assert.Equal(("queue.timeout_s", 3), (Assert.Single(outcome.Errors).Key, outcome.Errors[0].Origin.Line));
        Assert.Empty(outcome.Applied);
        Assert.Same(before, store.Current);
        Assert.Equal(("1", 2), Shown(store, "queue.depth"));

        loading.Load("queue:\n  depth: 7\n");
        Assert.Equal(["queue.depth"], Start(loading, "queue:\n  depth: 1\n", "queue:\n  depth: 7\n").Reload().Applied);
    }

    [Fact]
    public void A_file_that_vanished_keeps_the_old_settings()
    {
        using var loading = new Loading();
        var store = Start(loading, "queue:\n  depth: 1\n");

        File.Delete(loading.File);

        Assert.Contains("the file is gone", Assert.Single(store.Reload().Errors).Message, StringComparison.Ordinal);
        Assert.Equal(1, store.Current.Queue.Depth);
    }

    [Fact]
    public void Each_setting_is_reported_as_hot_or_as_needing_a_restart()
    {
        foreach (var setting in SettingTable.All)
        {
            using var loading = new Loading();
            var store = Start(loading, "");
            loading.Load(Loading.YamlOf(setting.Key, OtherValue(setting)));

            var outcome = store.Reload();

            Assert.True(outcome.IsOk, string.Join('\n', outcome.Errors));
            Assert.Equal(setting.IsHot ? [setting.Key] : [], outcome.Applied);
            // The models folder and the ledger that nobody named go with the data folder.
            string[] cold = setting.IsHot ? [] : setting.Key == "data_dir" ? ["data_dir", "models.dir", "ledger.path"] : [setting.Key];
            Assert.Equal(cold, outcome.RestartRequired.Select(r => r.Key));
            Assert.Equal(setting.IsHot, setting.Text(store.Current) != setting.Text(Start(loading, "").Current));
        }
    }

    [Fact]
    public void A_start_with_mistakes_gives_them_and_no_store()
    {
        Assert.False(OptionsStore.TryLoad(() => Loading.OfYaml("a: 1\nb: 2\n"), out var store, out var errors));
        Assert.Null(store);
        Assert.Equal(2, errors.Count);
    }

    private static string OtherValue(Setting setting) => setting.Key switch
    {
        "data_dir" => "/elsewhere",
        "api.host" or "links.host" => "0.0.0.0",
        "links.provider" or "sharing.default" => "none",
        "links.addresses" => "[\"a:1\"]",
        "links.relay" or "lan.enabled" or "dht.enabled" => "false",
        "credit.prices" => "{a: free}",
        "credit.default_price" => "free",
        "credit.clearing" => "on",
        "ledger.path" => "/elsewhere",
        "ledger.postgres" => "secret:db",
        "sharing.models" => "{a: home}",
        "models.load" => "[a]",
        "models.demo" or "models.allow_private" or "engine.grammar" => "true",
        "models.dir" or "engine.libraries" => "/elsewhere",
        "engine.backend" => "cpu",
        "api.open" => "true",
        "api.allowed_hosts" => "[a]",
        "api.allowed_origins" => "[http://a]",
        "api.trusted_proxies" => "[10.0.0.1]",
        "relays" => "[http://a]",
        "limits.per_key.rate" or "limits.total.rate" => "5/m",
        "log.level" => "warn",
        "log.format" => "json",
        "api.body_memory_mb" => "99",
        _ => "7",
    };

    private static OptionsStore Start(Loading loading, string yaml, string? then = null)
    {
        loading.Load(yaml);
        Assert.True(OptionsStore.TryLoad(() => loading.Load(), out var store, out var errors), string.Join('\n', errors));
        if (then is not null) loading.Load(then);
        return store;
    }

    private static (string Text, int? Line) Shown(OptionsStore store, string key)
    {
        var value = store.Values.Single(v => v.Key == key);
        return (value.Text, value.Origin.Line);
    }
}
