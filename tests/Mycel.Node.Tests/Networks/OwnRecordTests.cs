using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Identity;
using Mycel.Identity.Networks;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Networks;

/// <summary>The record that a node makes of itself.</summary>
public sealed class OwnRecordTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly TestFolder _folder = new();
    private readonly TestPeer _self;
    private readonly PeerBook _book;
    private readonly FixedModels _models = new();
    private readonly NetworkId _network;
    private readonly OwnRecord _own;
    private string[] _addresses = ["192.0.2.1:8421"];

    public OwnRecordTests()
    {
        _self = new TestPeer(_time, name: "desk");
        _book = new PeerBook(_self.Identity, new RevocationBook(_self.Identity, _folder.File("revoked"), NullLogger<RevocationBook>.Instance), _time);
        var network = new JoinedNetwork(NetworkCharter.Issue(_self.Identity.Account!, "friends", isPublic: false), null, []);
        _network = network.Charter.Id;
        _book.SetNetworks(new JoinedNetworks([network]));
        _own = New();
    }

    [Fact]
    public void It_tells_name_addresses_networks_and_models_and_others_can_read_it()
    {
        _models.Set(Records.Offer("small", _network));

        var record = Read(_own.Current.Shared);

        Assert.Equal((_self.Id, _self.Account, "desk"), (record.Id, record.Account, record.Body.Name));
        Assert.Equal(["192.0.2.1:8421"], record.Body.Addresses);
        Assert.Equal([_network], record.Networks);
        Assert.Equal(["small"], record.Body.Models.Select(offer => offer.Name));
        Assert.True(record.Body.Relays);
        Assert.Null(_own.Current.Home);
    }

    [Fact]
    public void Models_for_home_are_in_a_form_of_its_own_which_is_newer()
    {
        _models.Set(Records.Offer("home"), Records.Offer("small", _network));

        var (shared, home) = (Read(_own.Current.Shared), Read(_own.Current.Home!));

        Assert.Equal(["small"], shared.Body.Models.Select(offer => offer.Name));
        Assert.Equal(["home", "small"], home.Body.Models.Select(offer => offer.Name));
        Assert.Equal(shared.Body.Sequence + 1, home.Body.Sequence);
        Assert.Equal((false, true), (shared.IsForHome, home.IsForHome));
    }

    [Fact]
    public void Each_has_a_higher_sequence_also_after_a_restart_and_with_a_clock_that_was_set_back()
    {
        _models.Set(Records.Offer("home"));
        var sequences = new List<ulong>();
        for (var i = 0; i < 5; i++)
        {
            var current = _own.Current;
            sequences.AddRange([Read(current.Shared).Body.Sequence, Read(current.Home!).Body.Sequence]);
            _book.SetNetworks(new JoinedNetworks(_book.Networks.All));
        }

        Assert.Equal(sequences.Distinct().Order(), sequences);
        _time.Advance(TimeSpan.FromMinutes(-30));
        using var again = New();
        again.Start(_own.Sequence);
        Assert.True(Read(again.Current.Shared).Body.Sequence > sequences[^1]);
    }

    [Fact]
    public void What_is_out_of_bounds_is_left_out_rather_than_the_record_refused()
    {
        _addresses = [.. Enumerable.Range(1, 20).Select(i => $"192.0.2.{i}:1"), "nonsense"];
        var many = Enumerable.Range(0, 256).Select(i => Records.Offer($"{i:000} {new string('x', 250)}", _network)).ToList();
        many.Insert(0, Records.Offer(""));
        many.Insert(1, new ModelOffer { Name = "odd", Slots = 1, FreeSlots = 2 });
        _models.Set([.. many]);

        var record = Read(_own.Current.Shared);

        Assert.Equal(8, record.Body.Addresses.Count);
        Assert.InRange(record.Body.Models.Count, 100, 255);
        Assert.StartsWith("000 ", record.Body.Models[0].Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_is_told_soon_and_many_at_once_are_told_together()
    {
        using var own = New();
        own.Start(0);
        var told = 0;
        own.Changed += () => Interlocked.Increment(ref told);

        for (var i = 0; i < 100; i++) _models.Set(Records.Offer("m" + i, _network));

        await Until.TrueAsync(() => Volatile.Read(ref told) > 0 && Read(own.Current.Shared).Body.Models is [{ Name: "m99" }], "the change's being told");
        Assert.InRange(Volatile.Read(ref told), 1, 20);
    }

    [Fact]
    public async Task In_no_network_a_change_is_told_while_another_device_of_the_account_is_linked()
    {
        _book.SetNetworks(JoinedNetworks.None);
        using var sibling = new TestPeer(_time, _self.Identity.Account);
        Assert.True(_book.Greet(sibling.Proven, new Dictionary<NetworkId, NetworkProof>(), null, "", isMutual: true));
        using var own = New();
        own.Start(0);
        var told = 0;
        own.Changed += () => Interlocked.Increment(ref told);

        _models.Set(Records.Offer("home"));

        await Until.TrueAsync(() => Volatile.Read(ref told) > 0, "the change's being told");
        Assert.Equal(["home"], Read(own.Current.Home!).Body.Models.Select(offer => offer.Name));
    }

    public void Dispose()
    {
        _own.Dispose();
        _self.Dispose();
        _folder.Dispose();
    }

    private OwnRecord New() => new(_self.Identity, _book, _models, new OwnReach(() => _addresses, () => true), _time);

    private SignedRecord Read(Google.Protobuf.ByteString bytes)
    {
        var record = NodeRecords.Read(bytes, _time.GetUtcNow());
        record.Verify();
        return record;
    }
}
