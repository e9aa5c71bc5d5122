using Mycel.Node.Backends.Local;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

public class ModelCatalogTests
{
    private readonly ManualTime _time = new();
    private readonly NodeMetrics _metrics = new();
    private readonly ModelCatalog _catalog;

    public ModelCatalogTests() => _catalog = new ModelCatalog(_metrics, _time);

    [Fact]
    public void A_model_goes_by_its_announced_its_bare_and_its_pinned_name()
    {
        Rebuild(Device("ipad", "llama3:8b"));
        Assert.Equal("ipad/llama3:8b", Served("relay:llama3:8b"));
        Assert.Equal("ipad/llama3:8b", Served("llama3:8b"));
        Assert.Equal("ipad/llama3:8b", Served("relay:ipad:llama3:8b"));
        Assert.Equal(["relay:llama3:8b"], _catalog.Listed.Select(m => m.Id));
        Assert.Equal("relay", _catalog.Listed[0].OwnedBy);
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("LLAMA3:8B")]
    [InlineData("relay:")]
    [InlineData("relay:ipad")]
    [InlineData("relay:ipad:")]
    [InlineData("relay:other:llama3:8b")]
    [InlineData("ipad:llama3:8b")]
    [InlineData("")]
    [InlineData(" llama3:8b")]
    public void A_name_that_is_not_quite_one_is_none(string name)
    {
        Rebuild(Device("ipad", "llama3:8b"));
        Assert.Null(_catalog.Find(name));
    }

    [Fact]
    public void Two_devices_share_a_name_and_each_has_one_of_its_own()
    {
        Rebuild(Device("a", "m"), Device("b", "m", "n"));
        Assert.Equal("a/m b/m", Served("m"));
        Assert.Equal("a/m b/m", Served("relay:m"));
        Assert.Equal("a/m", Served("relay:a:m"));
        Assert.Equal("b/m", Served("relay:b:m"));
        Assert.Equal("b/n", Served("n"));
        Assert.Null(_catalog.Find("relay:a:n"));
        Assert.Equal(["relay:m", "relay:n"], _catalog.Listed.Select(m => m.Id));
    }

    [Fact]
    public void Models_of_another_node_lose_its_prefix_and_are_asked_for_by_their_own_name()
    {
        Rebuild(Device("node", "relay:m"), Device("box", "m"));
        Assert.Equal(["relay:m"], _catalog.Listed.Select(m => m.Id));
        Assert.Equal("box/m node/relay:m", Served("m"));
        Assert.Equal("node/relay:m", Served("relay:node:m"));
    }

    [Fact]
    public void What_the_list_shows_always_means_what_it_says()
    {
        // "relay:b:m" is what a model "b:m" is announced as, and would also be the pinned name of "m" on the device b.
        Rebuild(Device("a", "b:m"), Device("b", "m"));
        Assert.Equal("a/b:m", Served("relay:b:m"));
        // A model called "relay:x:y" is announced as that, and a bare name never hides it.
        Rebuild(Device("a", "relay:relay:x"), Device("b", "x"));
        Assert.Equal("b/x", Served("relay:x"));
        Assert.Equal("a/relay:relay:x", Served("relay:relay:x"));
        foreach (var listed in _catalog.Listed) Assert.NotNull(_catalog.Find(listed.Id));
    }

    [Fact]
    public void An_offline_device_has_no_models_but_is_remembered_as_their_holder()
    {
        var device = Device("ipad", "m");
        Rebuild(device);
        device.IsOnline = false;
        Rebuild(device);
        Assert.Null(_catalog.Find("m"));
        Assert.Empty(_catalog.Listed);
        foreach (var name in new[] { "m", "relay:m", "relay:ipad:m" }) Assert.Equal("ipad", _catalog.OfflineHolder(name));
        Assert.Null(_catalog.OfflineHolder("n"));
        device.IsOnline = true;
        Rebuild(device);
        Assert.Equal("ipad/m", Served("m"));
        Assert.Null(_catalog.OfflineHolder("m"));
    }

    [Fact]
    public void A_model_is_as_old_as_its_first_sight_until_it_vanishes()
    {
        var first = _time.GetUtcNow();
        Rebuild(Device("a", "m"));
        _time.Advance(TimeSpan.FromHours(1));
        Rebuild(Device("a", "m", "n"));
        Assert.Equal([first, _time.GetUtcNow()], _catalog.Listed.Select(m => m.CreatedAt));
        Rebuild();
        _time.Advance(TimeSpan.FromHours(1));
        Rebuild(Device("a", "m"));
        Assert.Equal(_time.GetUtcNow(), _catalog.Listed[0].CreatedAt);
    }

    [Fact]
    public void A_node_is_not_offered_its_own_models_back()
    {
        var mirror = Device("mirror", "relay:theirs", "relay:shared");
        mirror.MycelNode = "node-2";
        Rebuild(mirror, Device("box", "shared", "mine"));
        Assert.Equal(["relay:mine", "relay:shared"], _catalog.ListedFor("node-2").Select(m => m.Id));
        Assert.Equal(["relay:mine", "relay:shared", "relay:theirs"], _catalog.ListedFor("node-3").Select(m => m.Id));
        Assert.Equal(3, _catalog.ListedFor("").Count());
    }

    [Fact]
    public void A_list_begun_before_a_change_ends_as_it_began()
    {
        Rebuild(Device("a", "m", "n"));
        var seen = new List<string>();
        foreach (var model in _catalog.ListedFor("other"))
        {
            seen.Add(model.Id);
            Rebuild();
        }
        Assert.Equal(["relay:m", "relay:n"], seen);
    }

    [Fact]
    public void A_local_model_goes_by_its_plain_name_beside_those_of_relays()
    {
        RebuildWith(["tiny", "m"], Device("ipad", "m", "n"));
        Assert.Equal(["m local", "relay:m relay", "relay:n relay", "tiny local"], _catalog.Listed.Select(l => $"{l.Id} {l.OwnedBy}"));
        Assert.Equal(["local:tiny"], Routes("tiny"));
        // The plain name means all that have the model; the others the one place that they name.
        Assert.Equal(["local:m", "relay:ipad"], Routes("m"));
        Assert.Equal(["local:m"], Routes("local:m"));
        Assert.Equal(["relay:ipad"], Routes("relay:m"));
        Assert.Equal(["relay:ipad"], Routes("relay:ipad:m"));
        Assert.Equal(["relay:ipad"], Routes("n"));
        Assert.Null(_catalog.Find("relay:tiny"));
        RebuildWith([], Device("ipad", "m"));
        Assert.Equal(["relay:ipad"], Routes("m"));
        Assert.Null(_catalog.Find("tiny"));
    }

    [Fact]
    public void A_local_model_is_offered_to_a_node_whatever_that_node_offers_itself()
    {
        var mirror = Device("mirror", "m", "relay:m", "theirs");
        mirror.MycelNode = "node-2";
        RebuildWith(["m"], mirror);
        Assert.Equal(["m"], _catalog.ListedFor("node-2").Select(l => l.Id));
        Assert.Equal(["m", "relay:m", "relay:theirs"], _catalog.ListedFor("node-3").Select(l => l.Id));
    }

    [Fact]
    public void A_local_model_never_passes_for_a_relays()
    {
        RebuildWith(["relay:m", "relay:n"], Device("ipad", "m"));
        Assert.Equal(["relay:m"], _catalog.Listed.Select(l => l.Id));
        Assert.Equal(["relay:ipad"], Routes("relay:m"));
    }

    [Fact]
    public void Names_near_an_unknown_one_are_found()
    {
        Rebuild(Device("a", "llama3.2:3b", "qwen2.5:7b"));
        Assert.Equal(["relay:llama3.2:3b"], _catalog.Near("llama3.2"));
        Assert.Empty(_catalog.Near("gpt-5-something-else"));
    }

    private static RelayDevice Device(string name, params string[] models) => Devices.Online(name, TimeProvider.System, 4, models);

    [Fact]
    public async Task Of_two_rebuilds_at_once_the_one_that_read_later_is_what_stays()
    {
        using var isReading = new SemaphoreSlim(0);
        using var mayGoOn = new SemaphoreSlim(0);
        var cancel = TestContext.Current.CancellationToken;
        var first = Task.Run(() => _catalog.Rebuild(() =>
        {
            IReadOnlyList<LocalBackend> old = [];
            isReading.Release();
            mayGoOn.Wait(cancel);
            return new BackendLists([], old, []);
        }), cancel);
        await isReading.WaitAsync(cancel);

        var second = Task.Run(() => RebuildWith(["new"]), cancel);
        await Task.WhenAny(second, Task.Delay(100, cancel));
        mayGoOn.Release();
        await Task.WhenAll(first, second);

        Assert.Equal(["new"], _catalog.Listed.Select(m => m.Id));
    }

    private void Rebuild(params RelayDevice[] devices) => _catalog.Rebuild(() => new BackendLists(devices, [], []));

    private void RebuildWith(string[] local, params RelayDevice[] devices) =>
        _catalog.Rebuild(() => new BackendLists(devices, [.. local.Select(name => new LocalBackend(name, 1, null!, TimeProvider.System))], []));

    private IEnumerable<string> Routes(string name) => _catalog.Find(name)!.Offers.Select(o => o.Backend.Route);

    private string? Served(string name) =>
        _catalog.Find(name) is { } target ? string.Join(' ', target.Offers.Select(o => $"{o.Backend.Route["relay:".Length..]}/{o.ModelId}").Order(StringComparer.Ordinal)) : null;
}
